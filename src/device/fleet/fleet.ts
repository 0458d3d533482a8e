import { setMaxListeners } from 'node:events';
import type { DeviceConnector } from '../../sdk/device-sdk.ts';
import type { ProgramError } from '../../terminal/index.ts';
import type { EventSink } from '../device-event.ts';
import type { DevicePlan } from '../scenario/scenario.ts';
import { SimulatedDevice } from '../simulated-device.ts';
import type { FleetCounters } from './fleet-counters.ts';
import type { FleetHub } from './fleet-hub.ts';
import type { Pace } from './pace.ts';

export interface FleetOptions {
  readonly plans: Iterable<DevicePlan>;
  readonly hub: FleetHub;
  readonly connector: DeviceConnector;
  readonly counters: FleetCounters;
  readonly events: EventSink;
  /** For every connect. */
  readonly pace: Pace;
  /** A device that ended for good: the fleet goes on without it. */
  readonly ended: (deviceId: string, error: ProgramError | Error) => void;
}

/** The pace is kept by taking turns; this only keeps devices from asking all the time while the hub is away. */
const BACK_OFF = { firstMs: 1000, longestMs: 30_000 };

/** Runs all devices until `signal` is aborted, or every one of them has ended. */
export async function runFleet(options: FleetOptions, signal: AbortSignal): Promise<void> {
  const { counters } = options;
  setMaxListeners(0, signal); // every device listens: that is no leak
  const lives: Promise<void>[] = [];
  for (const plan of options.plans) {
    counters.started += 1;
    lives.push(
      runOne(plan, options, signal).catch((error: unknown) => {
        counters.ended += 1;
        options.ended(plan.deviceId, error instanceof Error ? error : new Error(String(error)));
      }),
    );
  }
  await Promise.all(lives);
}

function runOne(plan: DevicePlan, options: FleetOptions, signal: AbortSignal): Promise<void> {
  const { hub, connector, counters, events, pace } = options;
  // Named one by one: objects made by spreading have a shape of their own for each device, 430 bytes.
  const { deviceId, behaviours, interference, clock, random } = plan;
  const device = new SimulatedDevice({
    deviceId,
    behaviours,
    interference,
    clock,
    random,
    locate: () => hub.locate(deviceId),
    turn: (returns) => pace.turn(returns),
    relocate: () => hub.relocate(deviceId),
    connector,
    events: (event) => {
      counters.count(event);
      events(event);
    },
    backOff: BACK_OFF,
    patient: true,
  });
  return device.run(signal);
}
