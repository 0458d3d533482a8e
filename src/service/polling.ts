import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;
const GROWTH = 1.5;
/** A hub that does not answer the last attempt in this time is waited for no longer. */
const LAST_ATTEMPT_MS = 2000;

export interface PollOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly firstPauseMs?: number;
  /** Pauses of a tenth of the time that has passed; default: each half as long again as the one before. */
  readonly prompt?: boolean;
}

/**
 * Tries again and again, 0.5 s apart at first (or `firstPauseMs`) and 5 s at last, until `attempt` gives something or the time is up.
 *
 * @returns undefined when the time is up; the last attempt is made at the very end
 */
export async function poll<T>(options: PollOptions, attempt: () => Promise<T | undefined>): Promise<T | undefined> {
  const startedAt = performance.now();
  const endsAt = startedAt + options.timeoutMs;
  let pause = options.firstPauseMs ?? FIRST_PAUSE_MS;
  for (;;) {
    const found = await within(Math.max(0, endsAt - performance.now()) + LAST_ATTEMPT_MS, attempt());
    if (found !== undefined) return found;
    const now = performance.now();
    if (now >= endsAt) return undefined;
    if (options.prompt === true) pause = promptPauseMs(now - startedAt);
    await delay(Math.min(pause, endsAt - now), undefined, { signal: options.signal });
    pause = Math.min(pause * GROWTH, LONGEST_PAUSE_MS);
  }
}

/** @returns undefined when it takes longer: calls to a hub that is away go on for a while by themselves */
async function within<T>(ms: number, attempt: Promise<T | undefined>): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([attempt, delay(ms, undefined, { signal: timer.signal, ref: false })]);
  } finally {
    timer.abort();
  }
}

/** A tenth of the time that has passed, 0.5 s to 5 s: what comes after 5 s is seen within half a second. */
export function promptPauseMs(passedMs: number): number {
  return Math.min(Math.max(passedMs / 10, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
}
