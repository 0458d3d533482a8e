import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;
const GROWTH = 1.5;

/**
 * Tries again and again, 0.5 s apart at first (or `firstPauseMs`) and 5 s at last, until `attempt` gives something or the time is up.
 *
 * @returns undefined when the time is up; the last attempt is made at the very end
 */
export async function poll<T>(
  options: { timeoutMs: number; signal: AbortSignal; firstPauseMs?: number },
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const endsAt = performance.now() + options.timeoutMs;
  let pause = options.firstPauseMs ?? FIRST_PAUSE_MS;
  for (;;) {
    const found = await attempt();
    if (found !== undefined) return found;
    const left = endsAt - performance.now();
    if (left <= 0) return undefined;
    await delay(Math.min(pause, left), undefined, { signal: options.signal });
    pause = Math.min(pause * GROWTH, LONGEST_PAUSE_MS);
  }
}
