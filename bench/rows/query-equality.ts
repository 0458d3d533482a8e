import { amount } from '../report.ts';
import type { Row } from '../row.ts';
import { Child } from '../support/child.ts';

const SIZES = [10_000, 100_000, 1_000_000] as const;
const RUNS = 501;
const HEAP = '--max-old-space-size=8192';

export const queryEquality: Row = {
  name: 'query-equality',
  run: async (say) => {
    const ms: number[] = [];
    for (const size of SIZES) {
      const child = new Child('queries', { nodeOptions: [HEAP] });
      try {
        await child.ask('seed', size);
        ms.push(await child.ask<number>('equality', RUNS));
        say(`${amount(size)} twins: ${amount(ms.at(-1) ?? Number.NaN)} ms`);
      } finally {
        await child.close();
      }
    }
    const [smallest = Number.NaN] = ms;
    return [
      {
        what: 'query by equality on a tag, 10 rows: 1,000,000 twins',
        ours: ms.at(-1) ?? Number.NaN,
        peer: smallest,
        peerName: 'itself at 10,000 twins',
        unit: 'ms',
        goal: { kind: 'ratioAtMost', limit: 1.5 },
        notes: [SIZES.map((size, i) => `${amount(size)} twins: ${amount(ms[i] ?? Number.NaN)} ms`).join(', ')],
      },
    ];
  },
};
