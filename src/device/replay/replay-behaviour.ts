import type { JsonValue, TelemetryMessage } from '../../sdk/device-link.ts';
import type { Behaviour, Device } from '../behaviour.ts';
import { readBody } from '../behaviours/commands.ts';
import type { Timer } from '../clock.ts';
import type { Conductor } from './conductor.ts';
import type { RecordedMessage } from './recording.ts';

export interface ReplayOptions {
  readonly deviceId: string;
  readonly messages: readonly RecordedMessage[];
  /** How many times faster than they came; Infinity for as fast as the hub takes them. */
  readonly speed: number;
  readonly conductor: Conductor;
}

/** What is not acknowledged yet, of one device: enough to keep a pace beyond the round trip. */
const IN_FLIGHT = 64;
/** A message that the hub refused this often over a connection that lives on is given up. */
const ATTEMPTS = 3;

/** Sends a device's part of a recording, in its order and with its spacing. What falls into an absence is sent when the device is back. */
export function createReplay(options: ReplayOptions): Behaviour {
  const replay = new Replay(options);
  return {
    connected: (_, device) => replay.goOn(device),
    disconnected: () => replay.pause(),
    close: () => replay.close(),
  };
}

interface Waiting extends RecordedMessage {
  readonly number: number;
  readonly attempts: number;
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #waiting: Waiting[];
  #device: Device | undefined;
  #timer: Timer | undefined;
  #inFlight = 0;
  #closed = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#waiting = options.messages.map((recorded, number) => ({ ...recorded, number, attempts: 0 }));
  }

  goOn(device: Device): void {
    const { conductor, deviceId } = this.#options;
    this.#device = device;
    conductor.ready(deviceId);
    conductor.whenBegun(() => this.#pump());
  }

  pause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#device = undefined;
  }

  close(): void {
    const { conductor, deviceId } = this.#options;
    this.pause();
    this.#closed = true;
    conductor.ready(deviceId);
    conductor.gaveUp(this.#waiting.splice(0).length);
  }

  #pump(): void {
    const device = this.#device;
    const begunAt = this.#options.conductor.begunAt;
    if (device === undefined || begunAt === undefined) return;
    this.#timer?.cancel();
    for (let next = this.#waiting[0]; next !== undefined && this.#inFlight < IN_FLIGHT; next = this.#waiting[0]) {
      const inMs = begunAt + next.afterMs / this.#options.speed - device.clock.now();
      if (inMs > 0) {
        this.#timer = device.clock.after(inMs, () => this.#pump());
        return;
      }
      this.#waiting.shift();
      void this.#send(next, device);
    }
  }

  async #send(waiting: Waiting, device: Device): Promise<void> {
    const { conductor } = this.#options;
    const startedAt = device.clock.now();
    this.#inFlight += 1;
    const sent = await device.send(waiting.message);
    this.#inFlight -= 1;
    if (sent) {
      device.emit({ event: 'telemetry', ...shown(waiting.message), elapsedMs: device.clock.now() - startedAt });
      conductor.tookMessage();
    } else if (this.#closed || (device.connected && waiting.attempts + 1 >= ATTEMPTS)) {
      conductor.gaveUp(1);
    } else {
      this.#putBack({ ...waiting, attempts: waiting.attempts + (device.connected ? 1 : 0) });
    }
    this.#pump();
  }

  #putBack(waiting: Waiting): void {
    const at = this.#waiting.findIndex(({ number }) => number > waiting.number);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, waiting);
  }
}

function shown({ body, messageId, properties = {} }: TelemetryMessage): {
  messageId: string | null;
  body: JsonValue;
  properties: Readonly<Record<string, string>>;
} {
  return { messageId: messageId ?? null, body: readBody(Buffer.from(body)), properties };
}
