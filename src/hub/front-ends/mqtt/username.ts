import type { Target } from '../../model/identifiers.ts';

/** What a device says of itself in the user name of its CONNECT. */
export interface MqttUsername {
  readonly hostName: string;
  readonly target: Target;
  /** Undefined when the device named none: then the hub refuses its reported properties. */
  readonly apiVersion: string | undefined;
  /** The Plug and Play model; '' = none. */
  readonly modelId: string;
}

/**
 * Reads `{host}/{deviceId}[/{moduleId}]/?api-version=…[&model-id=…][&DeviceClientType=…]`; undefined when it is not that.
 *
 * @see device-protocol.md, 3.1
 */
export function parseUsername(text: string): MqttUsername | undefined {
  const segments = text.split('/');
  const [hostName, deviceId, third] = segments;
  if (!hostName || !deviceId || segments.length > 4) return undefined;
  const last = segments.length > 2 ? (segments.at(-1) ?? '') : '';
  const hasParameters = last.startsWith('?') || last.includes('api-version=');
  if (segments.length === 4 && !hasParameters) return undefined;
  const moduleId = segments.length === 4 || (segments.length === 3 && !hasParameters) ? third : undefined;
  if (moduleId === '') return undefined;
  const parameters = parseParameters(hasParameters ? last : '');
  return {
    hostName,
    target: moduleId === undefined ? { deviceId } : { deviceId, moduleId },
    apiVersion: parameters.get('api-version'),
    modelId: parameters.get('model-id') ?? '',
  };
}

/** The first of two equal names wins; a value that is no percent-encoding is taken as it stands. */
function parseParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of text.replace(/^\?/, '').split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const name = pair.slice(0, equals);
    if (!parameters.has(name)) parameters.set(name, decode(pair.slice(equals + 1)));
  }
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // the Node SDK sends model-id unencoded, so a stray % is data
  }
}
