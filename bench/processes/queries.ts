import { Hub } from '../../src/hub/hub.ts';
import { MemoryJournal } from '../../src/hub/index.ts';
import type { Twin } from '../../src/hub/model/twin.ts';
import { median } from '../measure.ts';
import { serve } from '../support/serve.ts';

/** A hub without its ports, and the same twins in a plain list: what a query costs, and what it could cost. */
let hub: Hub | undefined;
let twins: readonly Twin[] = [];

const BULK = 100;
/** As many twins as are found by one value of the indexed tag. */
const ROWS_A_VALUE = 10;

serve(
  {
    seed: async (count: number) => {
      hub = await Hub.open({ journal: new MemoryJournal(), hostNames: ['localhost'] });
      for (let start = 0; start < count; start += BULK) {
        const items = Array.from({ length: Math.min(BULK, count - start) }, (_, i) => bulkItem(start + i, count));
        const { errors } = await hub.bulk.run(items);
        if (errors.length > 0) throw new Error(JSON.stringify(errors[0]));
      }
    },
    /** Median milliseconds of an equality query on a tag that ten twins share, over values all across the twins. */
    equality: async (runs: number) => {
      const running = open(hub);
      const [first] = (await running.queries.run('SELECT * FROM devices', PAGE)).rows;
      if (first === undefined) throw new Error('there are no twins');
      const values = countOfValues();
      await once(running, 0);
      const taken: number[] = [];
      for (let run = 0; run < runs; run += 1) taken.push(await once(running, (run * 7919) % values));
      return median(taken);
    },
    /** Twins a second that a condition without an index looks at. */
    scan: async ({ text, runs }: { text: string; runs: number }) => {
      const running = open(hub);
      const taken: number[] = [];
      for (let run = 0; run <= runs; run += 1) {
        const start = performance.now();
        const { rows } = await running.queries.run(text, PAGE);
        taken.push(performance.now() - start);
        if (rows.length === 0) throw new Error(`${text} found nothing`);
      }
      return (size / median(taken.slice(1))) * 1000;
    },
    /** The hub's own objects in a plain list. */
    list: () => {
      twins = [...open(hub).queries.condition('*').all()];
    },
    plainScan: (runs: number) => {
      const taken: number[] = [];
      for (let run = 0; run <= runs; run += 1) {
        const start = performance.now();
        let found = 0;
        for (const twin of twins) if (isWanted(twin.tags)) found += 1;
        taken.push(performance.now() - start);
        if (found === 0) throw new Error('nothing was found');
      }
      return (twins.length / median(taken.slice(1))) * 1000;
    },
  },
  () => hub?.close(),
);

const PAGE = { maxItems: undefined, continuation: undefined };
let size = 0;

/** `tags.floor > 3 AND tags.plant != 'plant-1'` as one would write it. */
function isWanted(tags: Readonly<Record<string, unknown>>): boolean {
  const { floor, plant } = tags;
  return typeof floor === 'number' && floor > 3 && typeof plant === 'string' && plant !== 'plant-1';
}

function open(opened: Hub | undefined): Hub {
  if (opened === undefined) throw new Error('seed first');
  return opened;
}

function countOfValues(): number {
  return Math.floor(size / ROWS_A_VALUE);
}

async function once(running: Hub, value: number): Promise<number> {
  const text = `SELECT * FROM devices WHERE tags.serial = ${value}`;
  const start = performance.now();
  const { rows } = await running.queries.run(text, PAGE);
  const ms = performance.now() - start;
  if (rows.length !== ROWS_A_VALUE) throw new Error(`${text} found ${rows.length} rows`);
  return ms;
}

function bulkItem(i: number, count: number) {
  size = count;
  return {
    id: `device${i}`,
    importMode: 'create',
    tags: { plant: `plant-${i % 7}`, floor: i % 5, serial: i % Math.floor(count / ROWS_A_VALUE) },
    properties: { desired: { telemetryConfig: { configId: String(i % 100), sendFrequency: '5m' } } },
  };
}
