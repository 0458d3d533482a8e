import { setTimeout as delay } from 'node:timers/promises';
import { residentBytes } from '../measure.ts';
import { amount, type Comparison } from '../report.ts';
import type { Row } from '../row.ts';
import { Child } from '../support/child.ts';
import { HubUnderTest } from '../support/local-hub.ts';
import { startFleet } from '../support/fleet.ts';

const COUNTS = [1000, 10_000] as const;
const KB = 1024;
const SETTLE_MS = 5000;

export const deviceMemory: Row = {
  name: 'device-memory',
  run: async (say) => {
    const comparisons: Comparison[] = [];
    for (const count of COUNTS) {
      const ours = await fleetKb(count);
      say(`${amount(count)} simulated devices: ${amount(ours)} KB each`);
      const bare = await bareKb(count);
      say(`${amount(count)} bare sockets: ${amount(bare)} KB each`);
      comparisons.push({
        what: `memory a simulated device, ${amount(count)} of them in one process`,
        ours,
        peer: bare,
        peerName: 'a bare TLS socket with an MQTT session',
        unit: 'KB',
        goal: { kind: 'ratioAtMost', limit: 1.4 },
      });
    }
    return comparisons;
  },
};

/** What each device adds: a fleet of all of them less one of a few. */
async function fleetKb(count: number): Promise<number> {
  const few = 10;
  const large = await fleetBytes(count);
  const small = await fleetBytes(few);
  return (large - small) / (count - few) / KB;
}

async function fleetBytes(count: number): Promise<number> {
  const fleet = await startFleet({ count });
  try {
    await delay(SETTLE_MS);
    return residentBytes(fleet.pid);
  } finally {
    await fleet.close();
  }
}

async function bareKb(count: number): Promise<number> {
  const hub = await HubUnderTest.start({ inMemory: true });
  const sockets = new Child('bare-devices');
  try {
    const deviceIds = await hub.register('device', count);
    const address = { port: hub.discovery.mqttPort, ca: hub.discovery.ca };
    await sockets.ask('connect', { ...address, deviceIds: deviceIds.slice(0, 10) });
    const before = residentBytes(sockets.pid);
    await sockets.ask('connect', { ...address, deviceIds: deviceIds.slice(10) });
    await delay(SETTLE_MS);
    return (residentBytes(sockets.pid) - before) / (count - 10) / KB;
  } finally {
    await sockets.close();
    await hub.close();
  }
}
