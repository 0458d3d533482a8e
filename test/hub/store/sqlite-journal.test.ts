import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { SqliteJournal } from '../../../src/hub/store/sqlite-journal.ts';

const folder = mkdtempSync(join(tmpdir(), 'tandem-journal-'));
const file = join(folder, 'state.db');
let journal: SqliteJournal | undefined;

afterEach(() => {
  journal?.close();
  journal = undefined;
  rmSync(file, { force: true });
});

function reopened(): SqliteJournal {
  journal?.close();
  journal = new SqliteJournal(file);
  return journal;
}

function commit(work: (open: SqliteJournal) => void): void {
  const open = journal ?? reopened();
  open.begin();
  work(open);
  open.commit();
}

/** Its entries, as another process would find them. */
function kept(collection: string): Record<string, string> {
  return Object.fromEntries(Array.from(reopened().load(collection), ({ key, json }) => [key, json]));
}

test.each([0, 1, 3, 4, 15, 16, 17, 45])('keeps all of %d entries that are put in one transaction', (count) => {
  const entries = Array.from({ length: count }, (_, i) => [`device-${i}`, `{"n":${i}}`] as const);
  commit((open) => entries.forEach(([key, json]) => open.put('devices', key, json)));
  expect(kept('devices')).toEqual(Object.fromEntries(entries));
});

test('a later put of the same key wins, and keeps its place', () => {
  commit((open) => ['a', 'b', 'c'].forEach((key) => open.put('devices', key, '1')));
  commit((open) => ['b', 'd', 'b', 'a', 'b'].forEach((key, i) => open.put('devices', key, `${i + 2}`)));
  expect(Object.entries(kept('devices'))).toEqual([
    ['a', '5'],
    ['b', '6'],
    ['c', '1'],
    ['d', '3'],
  ]);
});

test('puts and deletes of one key happen in the order in which they were asked for', () => {
  commit((open) => {
    open.put('devices', 'a', '1');
    open.delete('devices', 'a');
    open.put('devices', 'b', '1');
    open.delete('devices', 'b');
    open.put('devices', 'b', '2');
  });
  expect(kept('devices')).toEqual({ b: '2' });
});

test('collections do not mix', () => {
  commit((open) => {
    open.put('devices', 'a', '1');
    open.put('modules', 'a', '2');
  });
  expect([kept('devices'), kept('modules')]).toEqual([{ a: '1' }, { a: '2' }]);
});

test('nothing of a transaction that is rolled back comes with the next one', () => {
  const open = reopened();
  open.begin();
  open.put('devices', 'a', '1');
  open.rollback();
  commit((next) => next.put('devices', 'b', '1'));
  expect(kept('devices')).toEqual({ b: '1' });
});
