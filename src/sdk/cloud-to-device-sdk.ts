/** azure-iothub's AMQP client: cloud-to-device messages and their feedback. Everything that reaches into its internals stands here. */
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'azure-iothub';
import { formatServiceConnectionString, type ServiceHub } from '../config/index.ts';
import { ProgramError } from '../terminal/index.ts';
import { type AmqpEndpoint, explainUnreachable, fromAmqpRefusal } from './amqp-errors.ts';
import { proxyAgent } from './https-proxy.ts';
import { isObject } from './service-documents.ts';

/** How AMQP gets to the hub: its own port, or a WebSocket on the HTTPS port. */
export type AmqpProtocol = 'amqp' | 'amqp-ws';

export interface OutgoingMessage {
  readonly body: Buffer;
  readonly messageId: string;
  readonly correlationId?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly ack: 'none' | 'positive' | 'negative' | 'full';
  /** Milliseconds since 1970. */
  readonly expiresMs?: number | undefined;
}

/** What became of a message. @see service-protocol.md, 10 */
export interface FeedbackRecord {
  readonly originalMessageId: string;
  readonly deviceId: string;
  readonly statusCode: string;
  readonly description: string;
  readonly enqueuedTimeUtc: string;
}

/** Sends messages and reads feedback until it is closed. */
export interface CloudToDevice {
  /** Resolves when the hub has queued it. @throws ProgramError */
  send(deviceId: string, message: OutgoingMessage): Promise<void>;
  /** Takes feedback from the hub's queue, which has each record once for all who read it. Resolves when that has begun. */
  onFeedback(listener: (records: readonly FeedbackRecord[]) => void): Promise<void>;
  /** Rejects when the connection ends by itself. */
  readonly lost: Promise<never>;
  close(): Promise<void>;
}

export interface CloudToDeviceOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Default: `amqp`, behind a proxy `amqp-ws`. */
  readonly protocol?: AmqpProtocol | undefined;
}

/** Less than ten seconds in all, with what it takes to find out why. */
const CONNECT_TIMEOUT_MS = 6000;
const PROBE_TIMEOUT_MS = 2000;
const SEND_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 500;

/**
 * Connects and signs in.
 *
 * @throws ProgramError `noHub` within 10 seconds, `refused`
 */
export async function openCloudToDevice(hub: ServiceHub, options: CloudToDeviceOptions): Promise<CloudToDevice> {
  const route = await findRoute(hub, options);
  const client = await newClient(hub, route);
  const { signal } = options;
  try {
    await inTime(client.open(), CONNECT_TIMEOUT_MS, signal);
  } catch (error) {
    signal.throwIfAborted();
    void closeQuietly(client);
    throw (
      fromAmqpRefusal(error, { hub, doing: 'connect over AMQP' }) ??
      (await explainUnreachable(error, hub, { ...route, timeoutMs: PROBE_TIMEOUT_MS, signal }))
    );
  }
  return new SdkCloudToDevice(hub, client, signal);
}

interface Route extends AmqpEndpoint {
  readonly protocol: AmqpProtocol;
  /** What goes below the SDK's transport: where to dial, whom to trust. */
  readonly redirect: object;
}

async function findRoute(hub: ServiceHub, { env, protocol: asked }: CloudToDeviceOptions): Promise<Route> {
  const { hostName, local, amqpPort, httpsPort, ca } = hub.address;
  const host = local ? '127.0.0.1' : hostName;
  const proxy = await proxyAgent(host, env);
  const protocol = asked ?? (proxy === undefined ? 'amqp' : 'amqp-ws');
  const name = isIP(hostName) === 0 ? { servername: hostName } : {};
  if (protocol === 'amqp') {
    const policyOverride = { host, hostname: hostName, ...name };
    return {
      host,
      port: amqpPort,
      protocol,
      redirect: { uri: `amqps://${host}:${amqpPort}`, sslOptions: { ca }, policyOverride },
    };
  }
  // With a WebSocket these options go to `ws`.
  const sslOptions = { ca, ...name, ...(proxy === undefined ? {} : { agent: proxy }) };
  const uri = `wss://${host}:${httpsPort}/$iothub/websocket`;
  return {
    host,
    port: httpsPort,
    protocol,
    redirect: { uri, sslOptions, policyOverride: { hostname: hostName, ...name } },
  };
}

async function newClient(hub: ServiceHub, { protocol, redirect }: Route): Promise<Client> {
  const { default: clientModule } = await import('azure-iothub/dist/client.js');
  const Transport = await transportClass(protocol);
  /** The SDK has no option for whom to trust, nor one for the port of a WebSocket (sdk-traps.md, 10 and 11). */
  class RedirectedTransport extends Transport {
    constructor(config: ConstructorParameters<typeof Transport>[0]) {
      super(config);
      const base: unknown = Reflect.get(this, '_amqp');
      if (!isAmqpBase(base)) throw new Error('this version of azure-iothub keeps its AMQP base elsewhere');
      const connect = base.connect.bind(base);
      base.connect = (options, done) => connect({ ...options, ...redirect }, done);
      // The SDK stops listening before the socket has gone, and rhea writes to the console of whom nobody listens to.
      base._rheaContainer.on('disconnected', () => undefined);
    }
  }
  const client = clientModule.Client.fromConnectionString(
    formatServiceConnectionString(hub.connection),
    RedirectedTransport,
  );
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  return client;
}

async function transportClass(protocol: AmqpProtocol): Promise<typeof import('azure-iothub/dist/amqp.js').Amqp> {
  if (protocol === 'amqp') return (await import('azure-iothub/dist/amqp.js')).default.Amqp;
  return (await import('azure-iothub/dist/amqp_ws.js')).default.AmqpWs;
}

class SdkCloudToDevice implements CloudToDevice {
  readonly #hub: ServiceHub;
  readonly #client: Client;
  readonly #signal: AbortSignal;
  readonly lost: Promise<never>;

  constructor(hub: ServiceHub, client: Client, signal: AbortSignal) {
    this.lost = new Promise((_, reject) => {
      client.once('disconnect', () => reject(new Error('the hub closed it, or the network is gone')));
    });
    this.lost.catch(() => undefined);
    this.#hub = hub;
    this.#client = client;
    this.#signal = signal;
  }

  async send(deviceId: string, message: OutgoingMessage): Promise<void> {
    const doing = `send a message to "${deviceId}"`;
    const sdkMessage = await toSdkMessage(message);
    await this.#attempt(doing, this.#client.send(deviceId, sdkMessage), SEND_TIMEOUT_MS);
  }

  async onFeedback(listener: (records: readonly FeedbackRecord[]) => void): Promise<void> {
    const answer: unknown = await this.#attempt(
      'read the feedback',
      this.#client.getFeedbackReceiver(),
      CONNECT_TIMEOUT_MS,
    );
    const receiver = receiverOf(answer);
    receiver.on('message', (message: unknown) => listener(readRecords(message)));
    receiver.on('error', () => undefined); // the connection ends with it, and that is told to whoever waits
  }

  async close(): Promise<void> {
    await closeQuietly(this.#client);
  }

  async #attempt<T>(doing: string, work: Promise<T>, timeoutMs: number): Promise<T> {
    try {
      return await inTime(work, timeoutMs, this.#signal);
    } catch (error) {
      this.#signal.throwIfAborted();
      throw (
        fromAmqpRefusal(error, { hub: this.#hub, doing }) ??
        new ProgramError('noHub', 'ConnectionLost', `cannot ${doing}: ${textOf(error)}`, {
          hint: 'the connection was lost on the way: try again',
          cause: error,
        })
      );
    }
  }
}

type SdkMessage = Parameters<Client['send']>[1];

async function toSdkMessage(message: OutgoingMessage): Promise<SdkMessage> {
  const { default: messageModule } = await import('azure-iothub/dist/common-core/message.js');
  const made = new messageModule.Message(message.body);
  const { messageId, correlationId, contentType, contentEncoding, expiresMs, ack } = message;
  const members = { messageId, correlationId, contentType, contentEncoding, expiryTimeUtc: expiresMs };
  // The SDK's types know one content type and three encodings.
  for (const [name, value] of Object.entries(members)) if (value !== undefined) Reflect.set(made, name, value);
  if (ack !== 'none') made.ack = ack;
  for (const [name, value] of Object.entries(message.properties)) made.properties.add(name, value);
  return made;
}

interface Emitter {
  on(event: 'message' | 'error' | 'disconnected', listener: (value: unknown) => void): void;
}

/** Its promise gives the receiver wrapped, its callback gives it bare. */
function receiverOf(answer: unknown): Emitter {
  const inner = isObject(answer) && 'result' in answer ? answer['result'] : answer;
  if (isEmitter(inner)) return inner;
  throw new Error('this version of azure-iothub hands its feedback receiver out elsewhere');
}

function isEmitter(value: unknown): value is Emitter {
  return isObject(value) && typeof value['on'] === 'function';
}

function readRecords(message: unknown): FeedbackRecord[] {
  const data = isObject(message) ? message['data'] : undefined;
  if (!Buffer.isBuffer(data)) return [];
  const records: unknown = JSON.parse(data.toString('utf8'));
  return Array.isArray(records) ? records.filter(isFeedbackRecord) : [];
}

function isFeedbackRecord(value: unknown): value is FeedbackRecord {
  return isObject(value) && typeof value['originalMessageId'] === 'string' && typeof value['deviceId'] === 'string';
}

interface AmqpBase {
  connect(config: object, done: unknown): void;
  readonly _rheaContainer: Emitter;
}

function isAmqpBase(value: unknown): value is AmqpBase {
  return isObject(value) && typeof value['connect'] === 'function' && isEmitter(value['_rheaContainer']);
}

async function closeQuietly(client: Client): Promise<void> {
  // A connection that is gone cannot be said goodbye to, and one that hangs is not waited for.
  await Promise.race([client.close().catch(() => undefined), delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
}

async function inTime<T>(work: Promise<T>, timeoutMs: number, signal: AbortSignal): Promise<T> {
  const ended = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: AbortSignal.any([ended.signal, signal]) }).then(() => {
    throw new Error(`no answer within ${timeoutMs / 1000} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    ended.abort();
    late.catch(() => undefined);
    work.catch(() => undefined);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
