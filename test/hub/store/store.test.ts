import { expect, test } from 'vitest';
import { MemoryJournal } from '../../../src/hub/index.ts';
import { Store } from '../../../src/hub/store/store.ts';

/** A disk with no room. */
class FullJournal extends MemoryJournal {
  override commit(): void {
    throw new Error('the disk is full');
  }
}

test('what cannot be kept is refused and taken back, and whoever only waits to read is not refused with it', async () => {
  const store = new Store(new FullJournal());
  const counters = store.collection<number>('counters');
  const writing = store.change(() => counters.put('a', 1));
  const reading = store.settled().then(() => counters.get('a'));
  await expect(writing).rejects.toThrow('the disk is full');
  expect(await reading).toBeUndefined();
});
