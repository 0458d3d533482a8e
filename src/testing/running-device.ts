import { randomUUID } from 'node:crypto';
import { localServiceHub, parseDeviceConnectionString } from '../config/index.ts';
import type { Behaviour, MethodAnswerer } from '../device/behaviour.ts';
import { seededRandom } from '../device/random.ts';
import { Scenario } from '../device/scenario/scenario.ts';
import { SimulatedDevice as Simulation } from '../device/simulated-device.ts';
import type { StandardSettings } from '../device/standard-settings.ts';
import { createConnector } from '../sdk/device-sdk.ts';
import { EventWaiters } from './event-waiters.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { readDuration } from './read-duration.ts';
import type { RunningTestHub } from './running-test-hub.ts';
import type {
  MethodFunction,
  SimulateDeviceOptions,
  SimulatedDevice,
  SimulatedDeviceEvent,
  SimulatedDeviceEventName,
} from './simulated-device.ts';

const REBOOT_SECONDS = 0.2;
const APPLY_SECONDS = 0.05;

/** sim-device's own simulation behind the face {@link SimulatedDevice}. */
export class RunningDevice implements SimulatedDevice {
  readonly deviceId: string;
  readonly connectionString: string;
  readonly #hub: RunningTestHub;
  readonly #simulation: Simulation;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  readonly #waiters = new EventWaiters<SimulatedDeviceEvent>();

  constructor(hub: RunningTestHub, options: SimulateDeviceOptions, connectionString: string) {
    this.#hub = hub;
    this.deviceId = options.deviceId;
    this.connectionString = connectionString;
    const connection = parseDeviceConnectionString(connectionString, 'test');
    const { address } = localServiceHub(hub.local.discovery);
    const plan = Scenario.of({}, { seed: randomUUID(), overrides: settingsOf(options) }).plan(1, options.deviceId);
    this.#simulation = new Simulation({
      deviceId: options.deviceId,
      locate: () => Promise.resolve({ connection, address }),
      connector: createConnector({ protocol: options.protocol ?? 'mqtt' }),
      behaviours: [...plan.behaviours, methodsOf(options.methods ?? {})],
      events: (event) => this.#waiters.add({ ...event }),
      random: seededRandom(options.deviceId),
      backOff: { firstMs: 50, longestMs: 1000 },
    });
    this.#ended = this.#simulation.run(this.#stopping.signal);
    this.#ended.then(
      () => this.#waiters.end(new Error(`the device "${this.deviceId}" has ended`)),
      (error: unknown) => this.#waiters.end(error),
    );
    hub.companions.add(this);
  }

  get events(): readonly SimulatedDeviceEvent[] {
    return this.#waiters.all;
  }

  next(
    event: SimulatedDeviceEventName,
    options: { matches?: (event: SimulatedDeviceEvent) => boolean; timeoutMs?: number } = {},
  ): Promise<SimulatedDeviceEvent> {
    const { matches = () => true, timeoutMs = 10_000 } = options;
    return this.#waiters.next((each) => each.event === event && matches(each), {
      timeoutMs,
      what: `event "${event}" of the device "${this.deviceId}"`,
    });
  }

  async report(patch: JsonObject): Promise<void> {
    if (!(await this.#simulation.report(patch))) throw this.#failed('report');
  }

  async send(body: JsonValue, properties: Readonly<Record<string, string>> = {}): Promise<void> {
    const message = {
      body: JSON.stringify(body),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      properties,
    };
    if (!(await this.#simulation.send(message))) throw this.#failed('send');
  }

  loseConnection(forMs: number): void {
    this.#simulation.goOffline({ ms: forMs, reason: 'the test wants it', abrupt: true });
  }

  async close(): Promise<void> {
    this.#hub.companions.delete(this);
    this.#stopping.abort();
    await this.#ended.catch(() => undefined); // told to whoever waits for an event
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #failed(what: string): Error {
    const last = this.events.findLast(({ event }) => event === 'failed');
    const reason = typeof last?.['reason'] === 'string' ? last['reason'] : 'the hub refused';
    const why = this.#simulation.connected ? reason : 'it is not connected';
    return new Error(`the device "${this.deviceId}" could not ${what}: ${why}`);
  }
}

function settingsOf(options: SimulateDeviceOptions): Partial<StandardSettings> {
  const { connectivity, rebootSeconds = REBOOT_SECONDS, applySeconds = APPLY_SECONDS, telemetry } = options;
  return {
    ...(connectivity === undefined ? {} : { connectivity }),
    rebootMs: rebootSeconds * 1000,
    applyMs: applySeconds * 1000,
    ...(telemetry === undefined
      ? {}
      : { telemetryMs: typeof telemetry === 'number' ? telemetry : readDuration(telemetry) }),
  };
}

function methodsOf(methods: Readonly<Record<string, MethodFunction>>): Behaviour {
  const answerers = Object.entries(methods).map(([name, run]): [string, MethodAnswerer] => [
    name,
    async ({ payload }) => {
      const result = await run(payload);
      return result === undefined ? undefined : { status: result.status, payload: result.payload ?? null };
    },
  ]);
  return { methods: Object.fromEntries(answerers) };
}
