import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { localServiceHub, readSettings } from '../../../src/config/index.ts';
import { systemClock } from '../../../src/device/clock.ts';
import type { DeviceEvent } from '../../../src/device/device-event.ts';
import type { Credentials } from '../../../src/device/fleet/credentials.ts';
import { FleetCounters } from '../../../src/device/fleet/fleet-counters.ts';
import { FleetHub } from '../../../src/device/fleet/fleet-hub.ts';
import { runFleet } from '../../../src/device/fleet/fleet.ts';
import { Pace } from '../../../src/device/fleet/pace.ts';
import { indexesOf } from '../../../src/device/fleet/shard.ts';
import type { ScenarioDocument } from '../../../src/device/scenario/scenario-document.ts';
import { Scenario } from '../../../src/device/scenario/scenario.ts';
import { type LocalHub, startLocalHub } from '../../../src/local-hub/index.ts';
import { createConnector } from '../../../src/sdk/device-sdk.ts';
import { openServiceClient, type ServiceClient } from '../../../src/sdk/service-client.ts';

/** A fleet in this process, on a hub of its own. */
export interface TestFleet {
  readonly counters: FleetCounters;
  readonly events: readonly DeviceEvent[];
  readonly ids: readonly string[];
  readonly fleetHub: FleetHub;
  /** Another look at the same hub, as a fleet that runs again has it. */
  openHub(): FleetHub;
  service(): Promise<ServiceClient>;
  until(isSo: () => boolean): Promise<void>;
  restartHub(): Promise<void>;
  stop(): Promise<void>;
}

export async function startFleet(
  count: number,
  document: ScenarioDocument = {},
  credentials?: (hub: LocalHub) => Promise<Credentials>,
): Promise<TestFleet> {
  const home = mkdtempSync(join(tmpdir(), 'tandem-fleet-'));
  const hubOptions = { home, httpsPort: 0, mqttPort: 0, amqpPort: 0, notice: () => undefined };
  let hub = await startLocalHub(hubOptions);
  const scenario = Scenario.of(document, { seed: 'test', overrides: {} });
  const plans = indexesOf({ start: 1, count }, { index: 1, count: 1 }).map((index) => scenario.plan(index));
  const stopping = new AbortController();
  const settings = readSettings({ env: { TANDEM_HOME: home }, cwd: home, hub: 'local' });
  const given = await credentials?.(hub);
  const openHub = (): FleetHub =>
    new FleetHub({
      settings,
      devices: plans,
      credentials: given,
      create: false,
      startHub: () => Promise.resolve(),
      notice: () => undefined,
      progress: () => undefined,
      signal: stopping.signal,
      clock: systemClock,
    });
  const fleetHub = openHub();
  await fleetHub.prepare();
  const counters = new FleetCounters(count);
  const events: DeviceEvent[] = [];
  let wake: () => void = () => undefined;
  const running = runFleet(
    {
      plans,
      hub: fleetHub,
      connector: createConnector({ protocol: 'mqtt' }),
      counters,
      events: (event) => {
        events.push(event);
        wake();
      },
      pace: new Pace({ perSecond: 1000, atOnce: 32 }, systemClock),
      ended: (_, error) => expect.unreachable(error.message),
    },
    stopping.signal,
  );
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  onTestFinished(async () => {
    await stop();
    await hub.close();
    rmSync(home, { recursive: true, force: true });
  });
  return {
    openHub,
    events,
    fleetHub,
    ids: plans.map(({ deviceId }) => deviceId),
    counters,
    stop,
    service: () => openServiceClient(localServiceHub(hub.discovery), { env: {}, signal: new AbortController().signal }),
    until: async (isSo) => {
      while (!isSo()) await new Promise<void>((resolve) => (wake = resolve));
    },
    restartHub: async () => {
      await hub.close();
      hub = await startLocalHub(hubOptions);
    },
  };
}
