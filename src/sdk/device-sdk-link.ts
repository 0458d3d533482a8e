import { setTimeout as later } from 'node:timers/promises';
import deviceSdk from 'azure-iot-device';
import { Underway } from './device-deadline.ts';
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

const { Message, DeviceMethodResponse } = deviceSdk;
type SdkMessage = InstanceType<typeof Message>;

/** Ctrl-C has a second for everything. */
const GOODBYE_MS = 700;

/**
 * One transport of the SDK for one connection: opened once, never again (sdk-traps.md, 2). The SDK's `Client` above it would add
 * retries that hide every failure for four minutes (sdk-traps.md, 4) and a twin of its own, and nothing that is wanted here.
 */
export class SdkLink implements DeviceLink {
  readonly renewAfterMs: number | undefined;
  readonly #transport: SimulatedTransport;
  readonly #listener: LinkListener;
  readonly #timeoutMs: number;
  readonly #underway = new Underway();
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
    transport.on('error', () => undefined); // the same failure reaches `disconnect` or the caller
    transport.on('disconnect', () => this.#lost());
    transport.on('twinDesiredPropertiesUpdate', (patch: unknown) => {
      if (isJsonObject(patch)) listener.desired(patch);
    });
    // From the start: a message of a kept session comes right after CONNACK.
    transport.on('message', (message: SdkMessage) => void this.#receive(message));
  }

  /** Connects and subscribes to everything a hub sends to a device: when it resolves, nothing that follows is missed. */
  async open(): Promise<void> {
    const transport = this.#transport;
    await this.#call('accept the connection', (done) => transport.connect(done));
    // Sent together: the hub answers in order.
    await Promise.all([
      this.#call('subscribe to methods', (done) => transport.enableMethods(done)),
      this.#call('subscribe to desired properties', (done) => transport.enableTwinDesiredPropertiesUpdates(done)),
      this.#call('subscribe to messages', (done) => transport.enableC2D(done)),
    ]);
  }

  async readTwin(): Promise<DeviceTwin> {
    const transport = this.#transport;
    const twin = await this.#call<{ desired: unknown; reported: unknown }>('send the twin', (done) =>
      transport.getTwin(done),
    );
    return { desired: toJsonObject(twin.desired), reported: toJsonObject(twin.reported) };
  }

  async report(patch: JsonObject): Promise<void> {
    const transport = this.#transport;
    await this.#call('accept reported properties', (done) => transport.updateTwinReportedProperties(patch, done));
  }

  async send(message: TelemetryMessage): Promise<void> {
    const transport = this.#transport;
    await this.#call('acknowledge telemetry', (done) => transport.sendEvent(writeMessage(message), done));
  }

  /** Answers a direct method that this connection brought. */
  async answer(requestId: string, status: number, payload: JsonValue): Promise<void> {
    const response = new DeviceMethodResponse(requestId, this.#transport);
    await this.#call('take a method answer', (done) => {
      response.send(status, payload, done);
    });
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#end('closed');
    const closed = this.#disconnect().then(() => true);
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
    this.#underway.break(new Error(`the connection was ${how}`));
  }

  /** No goodbye: the socket goes first, then the SDK's timers. */
  #release(): void {
    this.#transport.cut();
    void this.#disconnect(); // there is nothing left that could fail
  }

  #disconnect(): Promise<void> {
    return new Promise((resolve) => this.#transport.disconnect(() => resolve()));
  }

  async #receive(message: SdkMessage): Promise<void> {
    await this.#listener.message(readMessage(message));
    // When the connection ends meanwhile, the hub delivers it again.
    if (!this.#ended) this.#transport.complete(message, () => undefined);
  }

  #call<T>(what: string, start: (done: (error?: Error | null, result?: T) => void) => void): Promise<T> {
    return this.#underway.call({ what, ms: this.#timeoutMs }, start);
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
