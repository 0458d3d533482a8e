import { median, RUNS } from '../measure.ts';
import { amount } from '../report.ts';
import type { Row } from '../row.ts';
import { Child } from '../support/child.ts';
import { HubUnderTest } from '../support/local-hub.ts';

const CONNECTIONS = 50;
const WARM_UP_MS = 1500;
const RUN_MS = 2000;
const IN_FLIGHT = [10, 1] as const;

export const reportedPatches: Row = {
  name: 'reported-patches',
  run: async (say) => {
    const durable = await measure(false);
    say('durable done');
    const inMemory = await measure(true);
    return IN_FLIGHT.map((inFlight) => ({
      what: `reported-property patches, ${CONNECTIONS} devices, ${inFlight} in flight each, acknowledged means durable`,
      ours: durable.get(inFlight) ?? Number.NaN,
      peer: inMemory.get(inFlight) ?? Number.NaN,
      peerName: 'the same with --in-memory',
      unit: 'patches/s',
      goal: { kind: 'ratioAtLeast', limit: 0.8 },
      notes: [`durable: ${amount(1e6 / (durable.get(inFlight) ?? Number.NaN))} µs a patch, wall clock`],
    }));
  },
};

/** Patches a second by how many are in flight. */
async function measure(inMemory: boolean): Promise<ReadonlyMap<number, number>> {
  const hub = await HubUnderTest.start({ inMemory });
  const load = new Child('mqtt-load');
  try {
    const deviceIds = await hub.register('device', CONNECTIONS);
    await load.ask('connect', { port: hub.discovery.mqttPort, ca: hub.discovery.ca, deviceIds, kind: 'report' });
    const rates = new Map<number, number>();
    for (const inFlight of IN_FLIGHT) {
      await load.ask('run', { inFlight, ms: WARM_UP_MS });
      const taken: number[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const { answered, ms } = await load.ask<{ answered: number; ms: number }>('run', { inFlight, ms: RUN_MS });
        taken.push((answered / ms) * 1000);
      }
      rates.set(inFlight, median(taken));
    }
    return rates;
  } finally {
    await load.close();
    await hub.close();
  }
}
