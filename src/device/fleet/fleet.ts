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
  const stops = new StopSignals(signal);
  const lives: Promise<void>[] = [];
  for (const plan of options.plans) {
    counters.started += 1;
    lives.push(
      runOne(plan, options, stops.next()).catch((error: unknown) => {
        counters.ended += 1;
        options.ended(plan.deviceId, error instanceof Error ? error : new Error(String(error)));
      }),
    );
  }
  await Promise.all(lives);
}

const LISTENERS_EACH = 100;

/**
 * Several signals for one. A listener is looked for among all that listen already: 0.23 ms for each sleep of a device with
 * 10,000 on one signal, 3 µs with a hundred.
 */
class StopSignals {
  readonly #signal: AbortSignal;
  #current = new AbortController();
  #given = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    setMaxListeners(0, signal);
  }

  next(): AbortSignal {
    if (this.#given++ % LISTENERS_EACH === 0) {
      const group = new AbortController();
      setMaxListeners(0, group.signal); // every device listens: that is no leak
      if (this.#signal.aborted) group.abort(this.#signal.reason);
      this.#signal.addEventListener('abort', () => group.abort(this.#signal.reason), { once: true });
      this.#current = group;
    }
    return this.#current.signal;
  }
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
