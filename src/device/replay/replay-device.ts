import { parseJson } from '../../sdk/device-json.ts';
import type { JsonValue } from '../../sdk/device-link.ts';
import type { DeviceConnector, DeviceEndpoint } from '../../sdk/device-sdk.ts';
import { ProgramError } from '../../terminal/index.ts';
import type { EventSink } from '../device-event.ts';
import { seededRandom } from '../random.ts';
import { SimulatedDevice } from '../simulated-device.ts';
import type { RecordedMessage } from './recording.ts';

export interface ReplayDeviceOptions {
  readonly deviceId: string;
  readonly locate: () => Promise<DeviceEndpoint>;
  readonly relocate: () => Promise<DeviceEndpoint | undefined>;
  readonly connector: DeviceConnector;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

const MAX_ATTEMPTS = 10;

/** A device that says what it is told to and does nothing else. What it has said it has said in order, after a lost connection too. */
export class ReplayDevice {
  readonly #device: SimulatedDevice;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #sending: Promise<void> = Promise.resolve();
  #connected: Promise<void>;
  #tellConnected: () => void = () => undefined;

  constructor(options: ReplayDeviceOptions) {
    this.#connected = this.#nextConnection();
    const { deviceId, locate, relocate, connector, events, signal } = options;
    this.#device = new SimulatedDevice({
      deviceId,
      locate,
      relocate,
      connector,
      events,
      random: seededRandom(deviceId),
      behaviours: [
        {
          connected: () => this.#tellConnected(),
          disconnected: () => {
            this.#connected = this.#nextConnection();
          },
        },
      ],
    });
    this.#running = this.#device.run(AbortSignal.any([signal, this.#stopping.signal]));
    this.#running.catch(() => undefined); // thrown to whoever sends
  }

  /** Sends behind what was sent before; resolves once the hub has it. @throws ProgramError when the device cannot connect at all */
  send(message: RecordedMessage): Promise<void> {
    this.#sending = this.#sending.then(() => this.#sendUntilTaken(message));
    return this.#sending;
  }

  /** Connected, for the first time. @throws ProgramError when it cannot connect at all */
  async whenReady(): Promise<void> {
    await Promise.race([this.#connected, this.#running]);
  }

  /** Says goodbye to the hub. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running.catch(() => undefined);
  }

  async #sendUntilTaken({ body, properties, systemProperties }: RecordedMessage): Promise<void> {
    const begun = performance.now();
    const { messageId, correlationId, contentType, contentEncoding } = systemProperties;
    const message = { body, properties, messageId, correlationId, contentType, contentEncoding };
    for (let attempt = 1; !(await this.#device.send(message)); attempt++) {
      if (this.#stopping.signal.aborted) return;
      // A message that the hub will not have costs the connection each time.
      if (attempt === MAX_ATTEMPTS) throw notTaken(this.#device.deviceId, messageId);
      await this.whenReady();
    }
    const elapsedMs = Math.round(performance.now() - begun);
    this.#device.emit({
      event: 'telemetry',
      messageId: messageId ?? null,
      body: readable(body),
      properties,
      elapsedMs,
    });
  }

  #nextConnection(): Promise<void> {
    return new Promise((resolve) => (this.#tellConnected = resolve));
  }
}

function notTaken(deviceId: string, messageId: string | undefined): ProgramError {
  const which = messageId === undefined ? 'a message' : `message "${messageId}"`;
  return new ProgramError(
    'failed',
    'MessageNotTaken',
    `the hub did not take ${which} of "${deviceId}" in ${MAX_ATTEMPTS} attempts`,
    {
      hint: 'look at what the device tells on stdout; the message may be too large',
    },
  );
}

function readable(body: Buffer): JsonValue {
  const text = body.toString('utf8');
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
