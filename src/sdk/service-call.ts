import { setTimeout as delay } from 'node:timers/promises';
import { ProgramError } from '../terminal/index.ts';
import { fromServiceError, type ServiceCall, Throttled } from './service-errors.ts';

/** A hub that answers at all answers well within this; a direct method has its own time on top. */
export const CALL_TIMEOUT_MS = 30_000;

const MAX_THROTTLED_TRIES = 6;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 20_000;

export type CallOptions = ServiceCall & {
  readonly signal: AbortSignal;
  /** Milliseconds for one try. */
  readonly limitMs?: number;
};

/**
 * One call of the SDK: with a deadline that the SDK does not have, its errors as ours, and repeated when the hub
 * throttles it, as late as the hub asked for (sdk-traps.md, 8 and 14).
 */
export async function callService<T>(options: CallOptions, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withDeadline(options, work());
    } catch (error) {
      options.signal.throwIfAborted();
      const failure = fromServiceError(error, options);
      if (!(failure instanceof Throttled) || attempt === MAX_THROTTLED_TRIES) throw failure;
      await delay(pauseMs(failure, attempt), undefined, { signal: options.signal });
    }
  }
}

async function withDeadline<T>(options: CallOptions, work: Promise<T>): Promise<T> {
  const limitMs = options.limitMs ?? CALL_TIMEOUT_MS;
  const ended = new AbortController();
  const late = delay(limitMs, undefined, { signal: AbortSignal.any([ended.signal, options.signal]) }).then(() => {
    throw new ProgramError('noHub', 'NoAnswer', `cannot ${options.doing}: no answer within ${limitMs / 1000} s`, {
      hint: 'check the network to the hub; a firewall or a proxy may be in the way',
    });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    ended.abort();
    late.catch(() => undefined);
    work.catch(() => undefined);
  }
}

function pauseMs(failure: Throttled, attempt: number): number {
  if (failure.retryAfterMs !== undefined) return Math.min(failure.retryAfterMs, LONGEST_PAUSE_MS);
  // Half of it is chance, so that many at once do not come back together.
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return longest * (0.5 + Math.random() / 2);
}
