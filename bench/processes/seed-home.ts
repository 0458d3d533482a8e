import { join } from 'node:path';
import { Hub } from '../../src/hub/hub.ts';
import { SqliteJournal } from '../../src/hub/index.ts';
import { serve } from '../support/serve.ts';

const BULK = 100;

serve({
  /** Fills the state of a folder whose hub is not running. */
  seed: async ({ home, count }: { home: string; count: number }) => {
    const hub = await Hub.open({ journal: new SqliteJournal(join(home, 'state.db')), hostNames: ['localhost'] });
    for (let start = 0; start < count; start += BULK) {
      await hub.bulk.run(
        Array.from({ length: BULK }, (_, i) => ({
          id: `device${start + i}`,
          importMode: 'create',
          tags: { plant: `plant-${i % 7}` },
          properties: { desired: { telemetryConfig: { configId: '1', sendFrequency: '5m' } } },
        })),
      );
    }
    hub.close();
  },
});
