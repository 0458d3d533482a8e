import type { DeviceTwin, JsonValue } from '../../sdk/device-link.ts';
import type { Behaviour, Device } from '../behaviour.ts';
import type { Timer } from '../clock.ts';
import type { Generator } from '../telemetry/generators.ts';

/** One stream of messages. */
export interface TelemetryStream {
  readonly name: string;
  /** undefined: silent until a desired sendFrequency says how often. */
  readonly everyMs: number | undefined;
  /** Whether a desired sendFrequency sets its interval. */
  readonly followsSendFrequency: boolean;
  readonly body: Generator;
  readonly properties: Generator | undefined;
  readonly messageId: (number: number) => string;
}

export interface Telemetry extends Behaviour {
  /** Sets the interval of the streams that follow `sendFrequency`. */
  setSendFrequency(everyMs: number, device: Device): void;
}

/** Sends messages at intervals while connected; what falls into an absence is not sent later. */
export function createTelemetry(streams: readonly TelemetryStream[]): Telemetry {
  return new TelemetryBehaviour(streams);
}

class TelemetryBehaviour implements Telemetry {
  readonly #running: readonly RunningStream[];

  constructor(streams: readonly TelemetryStream[]) {
    this.#running = streams.map((stream) => new RunningStream(stream));
  }

  connected(_: DeviceTwin, device: Device): void {
    for (const stream of this.#running) stream.start(device);
  }

  disconnected(): void {
    this.close();
  }

  close(): void {
    for (const stream of this.#running) stream.stop();
  }

  setSendFrequency(everyMs: number, device: Device): void {
    for (const stream of this.#running) stream.follow(everyMs, device);
  }
}

class RunningStream {
  readonly #stream: TelemetryStream;
  #everyMs: number | undefined;
  #timer: Timer | undefined;
  #number = 0;
  #elapsedMs = 0;

  constructor(stream: TelemetryStream) {
    this.#stream = stream;
    this.#everyMs = stream.everyMs;
  }

  follow(everyMs: number, device: Device): void {
    if (!this.#stream.followsSendFrequency || everyMs === this.#everyMs) return;
    this.#everyMs = everyMs;
    device.emit({ event: 'telemetryInterval', stream: this.#stream.name, everyMs });
    this.start(device);
  }

  /** The first message comes after one interval. */
  start(device: Device): void {
    this.stop();
    const everyMs = this.#everyMs;
    if (everyMs === undefined || !device.connected) return;
    let dueAt = device.clock.now() + everyMs;
    const tick = (): void => {
      // From due time to due time, so that the work in between does not add up; after a pause of the machine, from now.
      dueAt = Math.max(dueAt + everyMs, device.clock.now());
      this.#timer = device.clock.after(dueAt - device.clock.now(), tick);
      void this.#send(device, everyMs);
    };
    this.#timer = device.clock.after(everyMs, tick);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #send(device: Device, everyMs: number): Promise<void> {
    const startedAt = device.clock.now();
    this.#number += 1;
    this.#elapsedMs += everyMs;
    const moment = { number: this.#number, elapsedMs: this.#elapsedMs, now: startedAt };
    const body = this.#stream.body(moment);
    const properties = textsOf(this.#stream.properties?.(moment));
    const messageId = this.#stream.messageId(this.#number);
    const message = { body: JSON.stringify(body), messageId, properties, ...JSON_CONTENT };
    if (!(await device.send(message))) return;
    device.emit({ event: 'telemetry', messageId, body, properties, elapsedMs: device.clock.now() - startedAt });
  }
}

/** Without both, routes and consumers see base64 instead of a body they can query. */
const JSON_CONTENT = { contentType: 'application/json', contentEncoding: 'utf-8' };

/** Properties of a message are texts. */
function textsOf(value: JsonValue | undefined): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, typeof member === 'string' ? member : JSON.stringify(member)]),
  );
}
