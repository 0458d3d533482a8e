import { median, processorTimeNs } from '../measure.ts';
import { amount, type Comparison } from '../report.ts';
import type { Row } from '../row.ts';
import { Child } from '../support/child.ts';
import { HubUnderTest } from '../support/local-hub.ts';

const CONNECTIONS = 50;
const RUN_MS = 1500;
const RUNS = 5;
const IN_FLIGHT = [10, 1] as const;

export const reportedPatches: Row = {
  name: 'reported-patches',
  run: async (say) => {
    const durable = await subject(false);
    const inMemory = await subject(true);
    const comparisons: Comparison[] = [];
    try {
      for (const inFlight of IN_FLIGHT) {
        const taken: { durable: number; inMemory: number }[] = [];
        for (let run = 0; run <= RUNS; run += 1) {
          taken.push({ durable: await durable.rate(inFlight), inMemory: await inMemory.rate(inFlight) });
          say(
            `${inFlight} in flight: durable ${amount(taken.at(-1)?.durable ?? 0)}/s, in memory ${amount(taken.at(-1)?.inMemory ?? 0)}/s`,
          );
        }
        const counted = taken.slice(1); // the first run warms up
        comparisons.push({
          what: `reported-property patches, ${CONNECTIONS} devices, ${inFlight} in flight each, acknowledged means durable`,
          ours: median(counted.map((run) => run.durable)),
          peer: median(counted.map((run) => run.inMemory)),
          peerName: 'the same with --in-memory',
          unit: 'patches/s',
          goal: { kind: 'ratioAtLeast', limit: 0.8 },
          notes: [
            `CPU a patch: durable ${amount(durable.us(inFlight))} µs, in memory ${amount(inMemory.us(inFlight))} µs`,
          ],
        });
      }
    } finally {
      await durable.close();
      await inMemory.close();
    }
    return comparisons;
  },
};

interface Subject {
  /** Patches a second. */
  rate(inFlight: number): Promise<number>;
  /** Server CPU a patch: median of what `rate` has seen. */
  us(inFlight: number): number;
  close(): Promise<void>;
}

async function subject(inMemory: boolean): Promise<Subject> {
  const hub = await HubUnderTest.start({ inMemory });
  const load = new Child('mqtt-load');
  const deviceIds = await hub.register('device', CONNECTIONS);
  await load.ask('connect', { port: hub.discovery.mqttPort, ca: hub.discovery.ca, deviceIds, kind: 'report' });
  const costs = new Map<number, number[]>(IN_FLIGHT.map((inFlight) => [inFlight, []]));
  return {
    rate: async (inFlight) => {
      const before = processorTimeNs(hub.child.pid);
      const { answered, ms } = await load.ask<{ answered: number; ms: number }>('run', { inFlight, ms: RUN_MS });
      costs.get(inFlight)?.push((processorTimeNs(hub.child.pid) - before) / answered / 1000);
      return (answered / ms) * 1000;
    },
    us: (inFlight) => median(costs.get(inFlight) ?? []),
    close: async () => {
      await load.close();
      await hub.close();
    },
  };
}
