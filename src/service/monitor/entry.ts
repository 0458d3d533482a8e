import type { FeedbackRecord } from '../../sdk/cloud-to-device-sdk.ts';
import type { HubEvent } from '../../sdk/event-reader.ts';
import { isObject } from '../../sdk/service-documents.ts';

export const KINDS = ['telemetry', 'twin', 'lifecycle', 'connection', 'feedback'] as const;
export type Kind = (typeof KINDS)[number];

/** One line of the timeline, as `-o ndjson` writes it. */
export interface Entry {
  /** When the hub took it, ISO 8601, UTC. */
  readonly time: string;
  readonly kind: Kind;
  readonly deviceId: string;
  readonly moduleId?: string;
  /** What brought it about: who changed which part of the twin, what happened to the device. */
  readonly cause?: string;
  /** JSON as such, other text as text, anything else as base64 in `bodyBase64`. */
  readonly body?: unknown;
  readonly bodyBase64?: string;
  /** Application properties. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly systemProperties?: Readonly<Record<string, string>>;
  readonly partition?: string;
  readonly sequenceNumber?: number;
  readonly offset?: string;
}

const SOURCES: Readonly<Record<string, Kind>> = {
  twinChangeEvents: 'twin',
  deviceLifecycleEvents: 'lifecycle',
  deviceConnectionStateEvents: 'connection',
  digitalTwinChangeEvents: 'twin',
};

/** What the hub calls the message source decides; what it has no kind here for (jobs) is read as telemetry. */
export function kindOf(event: HubEvent): Kind {
  return SOURCES[event.source] ?? 'telemetry';
}

export function eventEntry(event: HubEvent): Entry {
  const { deviceId, moduleId, properties, systemProperties, partition, sequenceNumber, offset, enqueuedMs } = event;
  const kind = kindOf(event);
  const body = readBody(event.body);
  const cause = causeOf(kind, properties['opType'] ?? '', body.body);
  return {
    time: new Date(enqueuedMs).toISOString(),
    kind,
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    ...(cause === undefined ? {} : { cause }),
    ...body,
    properties,
    systemProperties,
    partition,
    sequenceNumber,
    offset,
  };
}

export function feedbackEntry(record: FeedbackRecord): Entry {
  const { deviceId, originalMessageId, statusCode, description, enqueuedTimeUtc } = record;
  return {
    time: new Date(enqueuedTimeUtc).toISOString(),
    kind: 'feedback',
    deviceId,
    cause: CAUSES[statusCode] ?? `${statusCode}: ${description}`,
    body: { originalMessageId, statusCode, description },
  };
}

/** What happened, by operation or status, in words. */
const CAUSES: Readonly<Record<string, string>> = {
  createDeviceIdentity: 'the device was created',
  deleteDeviceIdentity: 'the device was deleted',
  createModuleIdentity: 'the module was created',
  deleteModuleIdentity: 'the module was deleted',
  deviceConnected: 'connected',
  deviceDisconnected: 'disconnected',
  moduleConnected: 'connected',
  moduleDisconnected: 'disconnected',
  Success: 'the device took the message',
  Rejected: 'the device rejected the message',
  Expired: 'the message expired before the device took it',
  DeliveryCountExceeded: 'the device gave the message back too often',
  Purged: 'the queue of the device was purged',
};

function causeOf(kind: Kind, operation: string, body: unknown): string | undefined {
  if (kind === 'telemetry') return undefined;
  return kind === 'twin' ? twinCause(operation, body) : (CAUSES[operation] ?? operation);
}

/** A device can change reported properties alone, and a service everything but those. */
function twinCause(operation: string, body: unknown): string {
  if (Array.isArray(body)) return `the digital twin changed (${operation})`;
  if (operation === 'replaceTwin') return 'a service replaced the twin (replaceTwin)';
  const twin = isObject(body) ? body : {};
  const properties = isObject(twin['properties']) ? twin['properties'] : {};
  if ('reported' in properties) return `the device reported properties (${operation})`;
  const parts = [...('tags' in twin ? ['tags'] : []), ...('desired' in properties ? ['desired properties'] : [])];
  return parts.length === 0 ? operation : `a service changed ${parts.join(' and ')} (${operation})`;
}

function readBody(bytes: Buffer): Pick<Entry, 'body' | 'bodyBase64'> {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) return { bodyBase64: bytes.toString('base64') };
  try {
    return { body: JSON.parse(text) as unknown };
  } catch {
    return { body: text };
  }
}
