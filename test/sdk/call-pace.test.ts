import { describe, expect, test } from 'vitest';
import { CallPace } from '../../src/sdk/call-pace.ts';

const never = new AbortController().signal;

/** Enters `count` times at once; how many are in. */
function enterMany(pace: CallPace, count: number): () => number {
  let entered = 0;
  for (let i = 0; i < count; i++) void pace.enter(never).then(() => (entered += 1));
  return () => entered;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the pace of calls to a hub', () => {
  test('has no limit until the hub throttles', async () => {
    const entered = enterMany(new CallPace(), 500);
    await settled();
    expect(entered()).toBe(500);
  });

  test('a refusal halves what may be under way, once for all that were refused together', async () => {
    const slowdowns: unknown[] = [];
    const pace = new CallPace((slowdown) => slowdowns.push(slowdown));
    enterMany(pace, 8);
    for (let i = 0; i < 8; i++) {
      pace.slowDown(30);
      pace.leave(false);
    }
    expect(slowdowns).toEqual([{ pauseMs: 30, limit: 4 }]);
    const entered = enterMany(pace, 8);
    await settled();
    expect(entered()).toBe(0); // everybody waits as long as the hub asked for
    await expect.poll(entered).toBe(4);
  });

  test('grows back by one after as many successes as there are calls at once, to where it was', async () => {
    const pace = new CallPace();
    enterMany(pace, 4);
    pace.slowDown(0);
    for (let i = 0; i < 4; i++) pace.leave(false);
    expect(pace.limit).toBe(2);
    const succeed = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await pace.enter(never);
        pace.leave(true);
      }
    };
    await succeed(1);
    expect(pace.limit).toBe(2);
    await succeed(1);
    expect(pace.limit).toBe(3);
    await succeed(3);
    expect(pace.limit).toBe(4);
    await succeed(50);
    expect(pace.limit).toBe(4);
  });

  test('never less than one at a time', async () => {
    const pace = new CallPace();
    for (let i = 0; i < 5; i++) {
      await pace.enter(never);
      pace.slowDown(0);
      pace.leave(false);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(pace.limit).toBe(1);
  });

  test('who is stopped while waiting does not hold up the others', async () => {
    const pace = new CallPace();
    await pace.enter(never);
    pace.slowDown(20);
    pace.leave(false);
    const stop = new AbortController();
    const stopped = pace.enter(stop.signal);
    const other = pace.enter(never);
    stop.abort(new Error('Ctrl-C'));
    await expect(stopped).rejects.toThrow('Ctrl-C');
    await other;
  });
});
