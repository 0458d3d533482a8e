import type { Target } from '../../model/identifiers.ts';

/** What a link of a device or module is for. */
export type DeviceEndpoint = 'events' | 'deviceBound' | 'twin' | 'methods';

/** Where a link begins or ends. */
export type Address =
  | { readonly kind: 'cbs' }
  /** `spellings`: ids come raw from some SDKs and percent-encoded from others, and may hold a % themselves. */
  | { readonly kind: 'device'; readonly endpoint: DeviceEndpoint; readonly spellings: readonly Target[] }
  | { readonly kind: 'cloudToDevice' }
  | { readonly kind: 'feedback' }
  | { readonly kind: 'fileNotifications' }
  /** IoT Hub's own name of the Event Hubs-compatible endpoint: it redirects there. */
  | { readonly kind: 'hubEvents' }
  | { readonly kind: 'eventHubManagement' }
  | {
      readonly kind: 'partition';
      readonly entity: string;
      readonly consumerGroup: string;
      readonly partitionId: string;
    }
  | { readonly kind: 'unknown' };

export const DEVICE_ENDPOINTS: ReadonlyMap<string, DeviceEndpoint> = new Map([
  ['messages/events', 'events'],
  ['messages/devicebound', 'deviceBound'],
  ['twin', 'twin'],
  ['methods/devicebound', 'methods'],
]);

export const SERVICE_ADDRESSES: ReadonlyMap<string, Address> = new Map<string, Address>([
  ['$cbs', { kind: 'cbs' }],
  ['messages/devicebound', { kind: 'cloudToDevice' }],
  ['messages/servicebound/feedback', { kind: 'feedback' }],
  ['messages/servicebound/filenotifications', { kind: 'fileNotifications' }],
  ['$management', { kind: 'eventHubManagement' }],
]);

/**
 * Reads an address: a path, or a URL of which the path counts. Its words are compared without case.
 *
 * @see device-protocol.md, 8.3; service-protocol.md, 11.4 and 12.1
 */
export function parseAddress(text: string): Address {
  const segments = addressSegments(text);
  const path = segments.join('/').toLowerCase();
  const service = SERVICE_ADDRESSES.get(path);
  if (service !== undefined) return service;
  if (path === 'messages/events' || path.startsWith('messages/events/')) return { kind: 'hubEvents' };
  if (segments[0]?.toLowerCase() === 'devices') return parseDeviceAddress(segments);
  return parseEventHubAddress(segments);
}

/** The segments of an address below its host, as they came. */
export function addressSegments(text: string): string[] {
  return text
    .replace(/^[a-z]+:\/\/[^/]*/i, '')
    .split('/')
    .filter((segment) => segment !== '');
}

/** The ways to read an id that may or may not be percent-encoded: as it came first. */
export function idSpellings(target: Target): readonly Target[] {
  const decoded: Target = {
    deviceId: decode(target.deviceId),
    ...(target.moduleId === undefined ? {} : { moduleId: decode(target.moduleId) }),
  };
  const isSame = decoded.deviceId === target.deviceId && decoded.moduleId === target.moduleId;
  return isSame ? [target] : [target, decoded];
}

/** `devices/{id}[/modules/{id}]/{endpoint}` */
function parseDeviceAddress(segments: readonly string[]): Address {
  const [, deviceId, ...rest] = segments;
  if (deviceId === undefined) return { kind: 'unknown' };
  const [word, moduleId] = rest;
  const isModule = word?.toLowerCase() === 'modules' && moduleId !== undefined;
  const endpoint = DEVICE_ENDPOINTS.get((isModule ? rest.slice(2) : rest).join('/').toLowerCase());
  if (endpoint === undefined) return { kind: 'unknown' };
  return { kind: 'device', endpoint, spellings: idSpellings(isModule ? { deviceId, moduleId } : { deviceId }) };
}

/** `{entity}/$management` or `{entity}/ConsumerGroups/{group}/Partitions/{id}` */
function parseEventHubAddress(segments: readonly string[]): Address {
  const [entity, second, consumerGroup, fourth, partitionId, ...rest] = segments;
  if (entity === undefined || second === undefined) return { kind: 'unknown' };
  if (segments.length === 2 && second.toLowerCase() === '$management') return { kind: 'eventHubManagement' };
  if (consumerGroup === undefined || partitionId === undefined || rest.length > 0) return { kind: 'unknown' };
  if (second.toLowerCase() !== 'consumergroups' || fourth?.toLowerCase() !== 'partitions') return { kind: 'unknown' };
  return { kind: 'partition', entity, consumerGroup, partitionId };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a raw id with a % in it
  }
}
