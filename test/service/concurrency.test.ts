import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { inOrder, type InOrderOptions, type Work } from '../../src/service/concurrency.ts';

const { signal } = new AbortController();

/** Works on so many items; what each gave, and how many were under way at once at most. */
async function workOn(
  count: number,
  options: Partial<InOrderOptions>,
  work: Work<number, unknown>,
): Promise<{ results: unknown[]; most: number }> {
  let underWay = 0;
  let most = 0;
  const counted: Work<number, unknown> = async (item, waits) => {
    underWay += 1;
    most = Math.max(most, underWay);
    try {
      return await work(item, waits);
    } finally {
      underWay -= 1;
    }
  };
  const items = Array.from({ length: count }, (_, index) => index);
  const results: unknown[] = [];
  for await (const result of inOrder(items, { concurrency: undefined, signal, ...options }, counted))
    results.push(result);
  return { results, most };
}

describe('several at a time', () => {
  test('results come in the order of the items, whichever is done first', async () => {
    const { results } = await workOn(5, { concurrency: 5 }, async (item) => {
      await delay(50 - item * 10);
      return item;
    });
    expect(results).toEqual([0, 1, 2, 3, 4]);
  });

  test('a number that was asked for holds from beginning to end, also for what only waits', async () => {
    const { most } = await workOn(9, { concurrency: 3 }, async (_, waits) => {
      waits();
      await delay(10);
    });
    expect(most).toBe(3);
  });

  test('otherwise what only waits makes room for the next', async () => {
    const { most } = await workOn(300, {}, async (_, waits) => {
      await delay(1);
      waits();
      await delay(500);
    });
    expect(most).toBe(300);
  });

  test('calls begin moderately, and one that takes long makes room for others', async () => {
    const all = { began: 0 };
    let open: () => void = () => undefined;
    const answer = new Promise<void>((resolve) => (open = resolve));
    const run = workOn(60, {}, async () => {
      all.began += 1;
      await answer; // a device that lets the hub wait
    });
    await delay(50);
    expect(all.began).toBe(16);
    await expect.poll(() => all.began, { timeout: 5000 }).toBe(60);
    open();
    await run;
  });

  test('no more than the hub takes', async () => {
    let limit = Infinity;
    const later: number[] = [];
    let underWay = 0;
    await workOn(40, { callLimit: () => limit }, async (item) => {
      underWay += 1;
      if (item === 10) limit = 2;
      await delay(5);
      underWay -= 1;
      if (item > 30) later.push(underWay);
    });
    expect(Math.max(...later)).toBeLessThanOrEqual(2);
  });

  test('a failure begins nothing new', async () => {
    let began = 0;
    const run = workOn(20, { concurrency: 2 }, async (item) => {
      began += 1;
      await delay(5);
      if (item === 3) throw new Error('broken');
    });
    await expect(run).rejects.toThrow('broken');
    expect(began).toBeLessThan(8);
  });
});
