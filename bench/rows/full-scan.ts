import { amount } from '../report.ts';
import type { Row } from '../row.ts';
import { Child } from '../support/child.ts';

const TWINS = [10_000, 200_000] as const;
const RUNS = 21;
const QUERY = "SELECT COUNT() AS n FROM devices WHERE tags.floor > 3 AND tags.plant != 'plant-1'";

export const fullScan: Row = {
  name: 'full-scan',
  run: async (say) => {
    const ours: number[] = [];
    let floor = Number.NaN;
    for (const twins of TWINS) {
      const child = new Child('queries', { nodeOptions: ['--max-old-space-size=4096'] });
      try {
        await child.ask('seed', twins);
        ours.push(await child.ask<number>('scan', { text: QUERY, runs: RUNS }));
        await child.ask('list');
        floor = await child.ask<number>('plainScan', RUNS);
        say(`${amount(twins)} twins: ${amount(ours.at(-1) ?? Number.NaN)}/s, by hand ${amount(floor)}/s`);
      } finally {
        await child.close();
      }
    }
    const [small = Number.NaN, large = Number.NaN] = ours;
    return [
      {
        what: `full scan of ${amount(TWINS[1])} twins with an unindexed condition, time a twin on one core`,
        ours: 1e9 / large,
        peer: 1e9 / floor,
        peerName: 'a loop over the same objects with the condition by hand',
        unit: 'ns',
        goal: { kind: 'ratioAtMost', limit: 3 },
        notes: [`${amount(large)} twins/s; ${amount(small)} twins/s when there are ${amount(TWINS[0])}`],
      },
    ];
  },
};
