/** Time as a device sees it; handed in so that a test or a scenario can hold it. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Runs `action` once after `ms`, however long that is. */
  after(ms: number, action: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Node fires at once when a timer is set for longer than 24.8 days; `sendFrequency` may be. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, action) => {
    let timer = setTimeout(fire, Math.min(ms, LONGEST_TIMER_MS));
    let left = ms - LONGEST_TIMER_MS;
    function fire(): void {
      if (left <= 0) {
        action();
        return;
      }
      timer = setTimeout(fire, Math.min(left, LONGEST_TIMER_MS));
      left -= LONGEST_TIMER_MS;
    }
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Waits; true when the time has passed, false when `signal` was aborted before. Never throws. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const done = (elapsed: boolean): void => {
      timer.cancel();
      signal.removeEventListener('abort', aborted);
      resolve(elapsed);
    };
    const aborted = (): void => done(false);
    const timer = clock.after(ms, () => done(true));
    signal.addEventListener('abort', aborted);
  });
}
