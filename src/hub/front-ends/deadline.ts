import type { HubClock } from '../operations/clock.ts';

/** Node's timers turn anything longer into a millisecond. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls back once the hub's clock has reached a moment, be it that time went by or that the clock was moved; never for Infinity.
 *
 * @returns cancels it
 */
export function atTime(momentMs: number, clock: HubClock, callback: () => void): () => void {
  if (momentMs === Infinity) return () => undefined;
  let timer = setTimeout(check, wait());
  timer.unref();
  const unlisten = clock.onAdvance(check);
  function wait(): number {
    return Math.min(Math.max(momentMs - clock.now(), 0), MAX_TIMER_MS);
  }
  function check(): void {
    clearTimeout(timer);
    if (clock.now() >= momentMs) {
      unlisten();
      callback();
      return;
    }
    timer = setTimeout(check, wait());
    timer.unref();
  }
  return () => {
    unlisten();
    clearTimeout(timer);
  };
}
