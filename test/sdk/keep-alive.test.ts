import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KEEP_ALIVE_S, keepAlive, keepNoLonger, pingAnswered } from '../../src/sdk/keep-alive.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function connection() {
  const kept = { ping: vi.fn(), lost: vi.fn() };
  keepAlive(kept);
  return kept;
}

test('a connection is pinged within its keep-alive time, and lives on when the hub answers', () => {
  const kept = connection();
  kept.ping.mockImplementation(() => pingAnswered(kept));
  vi.advanceTimersByTime(KEEP_ALIVE_S * 1000);
  expect(kept.ping).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(KEEP_ALIVE_S * 3000);
  expect(kept.ping.mock.calls.length).toBeGreaterThanOrEqual(3);
  expect(kept.lost).not.toHaveBeenCalled();
  keepNoLonger(kept);
});

test('one that is not answered is lost', () => {
  const kept = connection();
  vi.advanceTimersByTime(KEEP_ALIVE_S * 1000 + 30_000);
  expect(kept.lost).toHaveBeenCalled();
  keepNoLonger(kept);
});

test('nothing runs when there is nothing to keep', () => {
  keepNoLonger(connection());
  expect(vi.getTimerCount()).toBe(0);
});
