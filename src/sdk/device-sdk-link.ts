import { setTimeout as later } from 'node:timers/promises';
import deviceSdk from 'azure-iot-device';
import { breaker, called, within } from './device-deadline.ts';
import { isJsonObject, toJsonObject } from './device-json.ts';
import type {
  CloudToDeviceMessage,
  DeviceLink,
  DeviceTwin,
  JsonObject,
  JsonValue,
  LinkListener,
  TelemetryMessage,
} from './device-link.ts';
import type { SimulatedTransport } from './device-transport.ts';

const { Client, Message, DeviceMethodResponse } = deviceSdk;
type SdkMessage = InstanceType<typeof Message>;

/** The SDK's own retries would hide every failure for four minutes (sdk-traps.md, 4). */
const NEVER_RETRY = { shouldRetry: () => false, nextRetryTimeout: () => 0 };
/** Ctrl-C has a second for everything. */
const GOODBYE_MS = 700;

/** One SDK client for one connection: opened once, never again (sdk-traps.md, 2). */
export class SdkLink implements DeviceLink {
  readonly renewAfterMs: number | undefined;
  readonly #transport: SimulatedTransport;
  readonly #client: InstanceType<typeof Client>;
  readonly #listener: LinkListener;
  readonly #timeoutMs: number;
  readonly #gone = breaker();
  #ended = false;

  constructor(
    transport: SimulatedTransport,
    listener: LinkListener,
    options: { timeoutMs: number; renewAfterMs: number | undefined },
  ) {
    this.#transport = transport;
    this.#listener = listener;
    this.#timeoutMs = options.timeoutMs;
    this.renewAfterMs = options.renewAfterMs;
    this.#client = new Client(transport);
    this.#client.setRetryPolicy(NEVER_RETRY);
    this.#client.on('error', () => undefined); // the same failure reaches `disconnect` or the caller
    this.#client.on('disconnect', () => this.#lost());
    transport.on('twinDesiredPropertiesUpdate', (patch: unknown) => {
      if (isJsonObject(patch)) listener.desired(patch);
    });
    // On the transport: a message of a kept session comes right after CONNACK, before the client could have a listener, and would be lost.
    transport.on('message', (message: SdkMessage) => void this.#receive(message));
  }

  /** Connects and subscribes to everything a hub sends to a device: when it resolves, nothing that follows is missed. */
  async open(): Promise<void> {
    await this.#within('accept the connection', this.#client.open());
    const transport = this.#transport;
    // Sent together: the hub answers in order.
    await Promise.all([
      this.#within('subscribe to methods', called((done) => transport.enableMethods(done))), // prettier-ignore
      this.#within('subscribe to desired properties', called((done) => transport.enableTwinDesiredPropertiesUpdates(done))), // prettier-ignore
      this.#within('subscribe to messages', called((done) => transport.enableC2D(done))), // prettier-ignore
    ]);
  }

  async readTwin(): Promise<DeviceTwin> {
    const { properties } = await this.#within('send the twin', this.#client.getTwin());
    return { desired: toJsonObject(properties.desired), reported: toJsonObject(properties.reported) };
  }

  async report(patch: JsonObject): Promise<void> {
    const transport = this.#transport;
    const reported = called((done) => transport.updateTwinReportedProperties(patch, done));
    await this.#within('accept reported properties', reported);
  }

  async send(message: TelemetryMessage): Promise<void> {
    await this.#within('acknowledge telemetry', this.#client.sendEvent(writeMessage(message)));
  }

  /** Answers a direct method that this connection brought. */
  async answer(requestId: string, status: number, payload: JsonValue): Promise<void> {
    const response = new DeviceMethodResponse(requestId, this.#transport);
    await this.#within('take a method answer', response.send(status, payload));
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#end('closed');
    const closed = this.#client.close().then(
      () => true,
      () => false,
    );
    const patience = new AbortController();
    const inTime = await Promise.race([closed, later(GOODBYE_MS, false, { signal: patience.signal })]);
    patience.abort();
    if (!inTime) this.#transport.cut();
  }

  drop(): void {
    this.#end('dropped');
    this.#release();
  }

  #lost(): void {
    if (this.#ended) return;
    const { error } = this.#transport.evidenceOf();
    this.#end('lost');
    this.#release();
    const message = error === undefined ? 'the hub closed the connection' : `the connection broke (${error.message})`;
    this.#listener.lost({ by: error === undefined ? 'hub' : 'network', message });
  }

  #end(how: string): void {
    this.#ended = true;
    this.#gone.break(new Error(`the connection was ${how}`));
  }

  /** No goodbye: the socket goes first, then the SDK's timers. */
  #release(): void {
    this.#transport.cut();
    this.#client.close().catch(() => undefined); // there is nothing left that could fail
  }

  async #receive(message: SdkMessage): Promise<void> {
    await this.#listener.message(readMessage(message));
    // When the connection ends meanwhile, the hub delivers it again.
    if (!this.#ended) await this.#client.complete(message).catch(() => undefined);
  }

  #within<T>(what: string, work: Promise<T>): Promise<T> {
    return within(work, this.#gone, { what, ms: this.#timeoutMs });
  }
}

function writeMessage({ body, properties = {}, ...system }: TelemetryMessage): SdkMessage {
  const message = new Message(body);
  const set = Object.entries(system).filter(([, value]) => value !== undefined);
  Object.assign(message, Object.fromEntries(set)); // its types allow two content types only, the hub any
  for (const [key, value] of Object.entries(properties)) message.properties.add(key, value);
  return message;
}

function readMessage(message: SdkMessage): CloudToDeviceMessage {
  const entries = Array.from({ length: message.properties.count() }, (_, i) => message.properties.getItem(i));
  return {
    messageId: message.messageId || undefined,
    correlationId: message.correlationId || undefined,
    contentType: message.contentType,
    body: (message.data as unknown) === undefined ? Buffer.alloc(0) : message.getBytes(),
    properties: Object.fromEntries(entries.map(({ key, value }) => [key, asText(value)])),
  };
}

/** Over AMQP a property may be a number, whatever its type says. */
function asText(value: unknown): string {
  return String(value);
}
