import { onTestFinished } from 'vitest';
import type { DeviceConnectionString, HubAddress } from '../../src/config/index.ts';
import type { Behaviour } from '../../src/device/behaviour.ts';
import type { DeviceEvent } from '../../src/device/device-event.ts';
import type { ScenarioDocument } from '../../src/device/scenario/scenario-document.ts';
import { SimulatedDevice } from '../../src/device/simulated-device.ts';
import { Scenario } from '../../src/device/scenario/scenario.ts';
import type { StandardSettings } from '../../src/device/standard-settings.ts';
import { createConnector, type ConnectorSettings } from '../../src/sdk/device-sdk.ts';

type Kind = DeviceEvent['event'];
type Told<K extends Kind> = Extract<DeviceEvent, { event: K }>;

/** A device that runs, and what it tells. */
export interface TestDevice {
  readonly events: readonly DeviceEvent[];
  readonly ended: Promise<void>;
  /** The next event of this kind that matches, among those not yet passed over. */
  next<K extends Kind>(kind: K, matches?: (event: Told<K>) => boolean): Promise<Told<K>>;
  stop(): Promise<void>;
}

export interface TestDeviceOptions {
  readonly connection: DeviceConnectionString;
  readonly address: () => HubAddress;
  readonly settings?: Partial<StandardSettings>;
  readonly scenario?: ScenarioDocument;
  readonly connector?: Partial<ConnectorSettings>;
  readonly patient?: boolean;
  /** Besides those of the scenario. */
  readonly behaviours?: readonly Behaviour[];
}

export function runDevice(options: TestDeviceOptions): TestDevice {
  const { connection, address } = options;
  const events: DeviceEvent[] = [];
  let wake: () => void = () => undefined;
  const overrides = { rebootMs: 100, applyMs: 20, ...options.settings };
  const scenario = Scenario.of(options.scenario ?? {}, { seed: 'test', overrides });
  const plan = scenario.plan(1, connection.deviceId);
  const device = new SimulatedDevice({
    ...plan,
    behaviours: [...plan.behaviours, ...(options.behaviours ?? [])],
    locate: () => Promise.resolve({ connection, address: address() }),
    connector: createConnector({ protocol: 'mqtt', ...options.connector }),
    events: (event) => {
      events.push(event);
      wake();
    },
    backOff: { firstMs: 50, longestMs: 200 },
    patient: options.patient,
  });
  const stopping = new AbortController();
  const ended = device.run(stopping.signal);
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await ended.catch(() => undefined);
  };
  onTestFinished(stop);
  let passed = 0;
  return {
    events,
    ended,
    stop,
    next: async (kind, matches = () => true) => {
      const isIt = (event: DeviceEvent): event is Told<typeof kind> =>
        event.event === kind && matches(event as Told<typeof kind>);
      for (;;) {
        const index = events.findIndex((event, at) => at >= passed && isIt(event));
        const found = events[index];
        if (found !== undefined) {
          passed = index + 1;
          return found as Told<typeof kind>;
        }
        // A device that ended tells no more.
        await Promise.race([new Promise<void>((resolve) => (wake = resolve)), ended.then(() => gone(kind))]);
      }
    },
  };
}

function gone(kind: string): never {
  throw new Error(`the device ended before "${kind}"`);
}
