import type { Clock } from '../operations/hub-context.ts';

/** Node's timers turn anything longer into a millisecond. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls back once the clock has reached a moment; never for Infinity.
 *
 * @returns cancels it
 */
export function atTime(momentMs: number, now: Clock, callback: () => void): () => void {
  if (momentMs === Infinity) return () => undefined;
  let timer = setTimeout(check, wait());
  timer.unref();
  function wait(): number {
    return Math.min(Math.max(momentMs - now(), 0), MAX_TIMER_MS);
  }
  function check(): void {
    if (now() >= momentMs) {
      callback();
      return;
    }
    timer = setTimeout(check, wait());
    timer.unref();
  }
  return () => {
    clearTimeout(timer);
  };
}
