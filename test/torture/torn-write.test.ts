import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SqliteJournal } from '../../src/hub/index.ts';
import { Store } from '../../src/hub/store/store.ts';
import { Random, rounds, SEED } from './random.ts';

interface Counter {
  readonly n: number;
  readonly filler: string;
}

const WRITES = 60;
const KEYS = 3;

test(`a write torn at any length leaves a state that was once true (seed ${SEED})`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-torn-'));
  try {
    const file = join(folder, 'state.db');
    const store = new Store(new SqliteJournal(file));
    const counters = store.collection<Counter>('counters');
    for (let n = 1; n <= WRITES; n += 1) {
      await store.change(() => {
        for (let key = 0; key < KEYS; key += 1) counters.put(`k${key}`, { n, filler: 'x'.repeat(n * 50) });
      });
    }
    const random = new Random(SEED);
    const walBytes = statSync(`${file}-wal`).size;
    for (let round = 0; round < rounds(60, 3_000); round += 1) {
      const copy = join(folder, `torn-${round}.db`);
      copyFileSync(file, copy);
      copyFileSync(`${file}-wal`, `${copy}-wal`);
      truncateSync(`${copy}-wal`, random.below(walBytes));
      expectOneMoment(copy);
      for (const ending of ['', '-wal', '-shm']) rmSync(`${copy}${ending}`, { force: true });
    }
    store.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** All keys show the same moment: a commit is whole or not there. */
function expectOneMoment(file: string): void {
  const store = new Store(new SqliteJournal(file));
  const seen = [...store.collection<Counter>('counters').values()];
  expect(new Set(seen.map(({ n }) => n)).size).toBeLessThanOrEqual(1);
  expect([0, KEYS]).toContain(seen.length);
  store.close();
}
