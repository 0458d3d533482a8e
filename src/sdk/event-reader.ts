import { createHmac } from 'node:crypto';
import type { ServiceConnectionString, ServiceHub } from '../config/index.ts';
import { AmqpClient } from './amqp-client.ts';
import type { AmqpMessage } from './amqp-message.ts';
import { type EventEndpoint, explained } from './event-endpoint.ts';
import { isObject } from './service-documents.ts';

/** An event as the endpoint has it: telemetry, or what the hub tells about its devices. */
export interface HubEvent {
  readonly partition: string;
  readonly sequenceNumber: number;
  readonly offset: string;
  readonly enqueuedMs: number;
  readonly deviceId: string;
  readonly moduleId: string | undefined;
  /** `Telemetry`, `twinChangeEvents`, `deviceLifecycleEvents`, `deviceConnectionStateEvents`, … */
  readonly source: string;
  /** Application properties. */
  readonly properties: Readonly<Record<string, string>>;
  /** `messageId`, `correlationId`, `contentType`, `contentEncoding` and the like, as the sender set them. */
  readonly systemProperties: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Where to begin: what was enqueued since a moment, what comes from now on, or behind the last event of each partition. */
export type ReadPosition =
  | { readonly kind: 'since'; readonly enqueuedMs: number }
  | { readonly kind: 'now' }
  | { readonly kind: 'behind'; readonly sequenceNumbers: ReadonlyMap<string, number> };

export interface ReaderOptions {
  readonly consumerGroup: string;
  readonly from: ReadPosition;
  readonly onEvent: (event: HubEvent) => void;
}

/** The last event of a partition; -1 and 0 where there is none. */
export interface PartitionEnd {
  readonly sequenceNumber: number;
  readonly enqueuedMs: number;
}

/** Reads all partitions until it is closed or the connection ends. */
export interface EventReader {
  /** What each partition held when reading began. */
  readonly partitions: ReadonlyMap<string, PartitionEnd>;
  /** Rejects when the connection or one of the receivers has ended. */
  readonly ended: Promise<never>;
  close(): void;
}

const TOKEN_LIFETIME_MS = 3_600_000;
const RENEW_MS = TOKEN_LIFETIME_MS * 0.75;

/** Connects and begins to read. @throws ProgramError `noHub` with host and port, `refused` */
export function openEventReader(
  hub: ServiceHub,
  endpoint: EventEndpoint,
  options: ReaderOptions,
): Promise<EventReader> {
  return explained(hub, endpoint.client, async () => {
    const client = await AmqpClient.open(endpoint.client);
    try {
      return await startReading(client, hub, endpoint, options);
    } catch (error) {
      client.close();
      throw error;
    }
  });
}

async function startReading(
  client: AmqpClient,
  { connection }: ServiceHub,
  { audience, entity }: EventEndpoint,
  { consumerGroup, from, onEvent }: ReaderOptions,
): Promise<EventReader> {
  const prove = (path: string): Promise<void> =>
    client.putToken(`${audience}${path}`, eventHubToken(connection, `${audience}${path}`));
  await prove('/$management');
  const partitions = await readPartitions(client, entity);
  const paths = new Map([...partitions.keys()].map((id) => [id, `/ConsumerGroups/${consumerGroup}/Partitions/${id}`]));
  const proveAll = (): Promise<unknown> => Promise.all([...paths.values()].map(prove));
  await proveAll();
  const receivers = await Promise.all(
    [...paths].map(([id, path]) =>
      client.receive(`${entity}${path}`, {
        selector: selectorOf(from, id, partitions.get(id)?.sequenceNumber ?? -1),
        onMessage: (message) => onEvent(readEvent(message, id)),
      }),
    ),
  );
  const renewal = setInterval(() => void proveAll().catch(() => undefined), RENEW_MS); // refused, the receivers end
  const ended = Promise.race([client.lost, ...receivers.map((receiver) => receiver.ended)]);
  ended.catch(() => clearInterval(renewal));
  return {
    partitions,
    ended,
    close: () => {
      clearInterval(renewal);
      client.close();
    },
  };
}

/** @see service-protocol.md, 12.2 */
async function readPartitions(client: AmqpClient, name: string): Promise<ReadonlyMap<string, PartitionEnd>> {
  const read = async (type: string, more: Record<string, string> = {}): Promise<Record<string, unknown>> => {
    const { body, applicationProperties } = await client.request(
      '$management',
      { operation: 'READ', name, type, ...more },
      [],
    );
    const status = Number(applicationProperties['status-code']);
    if (!isObject(body) || status !== 200)
      throw new Error(`the endpoint of the events refused to describe itself (${status})`);
    return body;
  };
  const ids: unknown = (await read('com.microsoft:eventhub'))['partition_ids'];
  if (!Array.isArray(ids)) throw new Error('the endpoint of the events did not name its partitions');
  const described = ids.map(async (id): Promise<[string, PartitionEnd]> => {
    const partition = await read('com.microsoft:partition', { partition: String(id) });
    if (partition['is_partition_empty'] === true) return [String(id), { sequenceNumber: -1, enqueuedMs: 0 }];
    const sequenceNumber = numberOf(partition['last_enqueued_sequence_number']);
    return [String(id), { sequenceNumber, enqueuedMs: numberOf(partition['last_enqueued_time_utc']) }];
  });
  return new Map(await Promise.all(described));
}

/** @see service-protocol.md, 12.3 */
function selectorOf(from: ReadPosition, partition: string, last: number): string {
  switch (from.kind) {
    case 'since':
      return `amqp.annotation.x-opt-enqueued-time > '${from.enqueuedMs}'`;
    case 'now':
      return `amqp.annotation.x-opt-sequence-number > '${last}'`;
    case 'behind':
      return `amqp.annotation.x-opt-sequence-number > '${from.sequenceNumbers.get(partition) ?? last}'`;
  }
}

const SYSTEM_PROPERTIES: Readonly<Record<string, string>> = {
  message_id: 'messageId',
  correlation_id: 'correlationId',
  user_id: 'userId',
  content_type: 'contentType',
  content_encoding: 'contentEncoding',
};

/** @see service-protocol.md, 12.4 */
function readEvent({ annotations, applicationProperties, properties, body }: AmqpMessage, partition: string): HubEvent {
  const moduleId = annotations['iothub-connection-module-id'];
  const system = Object.entries(SYSTEM_PROPERTIES).map(([name, ours]) => [ours, properties[name]] as const);
  return {
    partition,
    sequenceNumber: numberOf(annotations['x-opt-sequence-number']),
    offset: textOf(annotations['x-opt-offset']),
    enqueuedMs: numberOf(annotations['x-opt-enqueued-time']),
    deviceId: textOf(annotations['iothub-connection-device-id']),
    moduleId: moduleId === undefined ? undefined : textOf(moduleId),
    source: textOf(annotations['iothub-message-source'] ?? 'Telemetry'),
    properties: texts(Object.entries(applicationProperties)),
    systemProperties: texts([...system, ['creationTimeUtc', annotations['iothub-creation-time-utc']]]),
    body: bytesOf(body),
  };
}

function texts(entries: readonly (readonly [string, unknown])[]): Record<string, string> {
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined).map(([name, value]) => [name, textOf(value)]),
  );
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  if (value instanceof Date) return value.toISOString();
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** Timestamps come as dates, long numbers as numbers. */
function numberOf(value: unknown): number {
  return value instanceof Date ? value.getTime() : Number(value);
}

/** The data section, or several of them; what a sender put there as an AMQP value becomes JSON. */
function bytesOf(body: unknown): Buffer {
  const content: unknown = isObject(body) && 'content' in body ? body['content'] : body;
  if (Buffer.isBuffer(content)) return content;
  if (Array.isArray(content) && content.every((part) => Buffer.isBuffer(part))) return Buffer.concat(content);
  if (content === undefined || content === null) return Buffer.alloc(0);
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
}

/** Event Hubs signs with the key as text, where IoT Hub decodes it first. */
function eventHubToken({ sharedAccessKey, sharedAccessKeyName }: ServiceConnectionString, audience: string): string {
  const sr = encodeURIComponent(audience);
  const se = Math.floor((Date.now() + TOKEN_LIFETIME_MS) / 1000);
  const sig = createHmac('sha256', sharedAccessKey).update(`${sr}\n${se}`).digest('base64');
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}&skn=${encodeURIComponent(sharedAccessKeyName)}`;
}
