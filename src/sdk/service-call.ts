import { setTimeout as delay } from 'node:timers/promises';
import { ProgramError } from '../terminal/index.ts';
import type { CallPace } from './call-pace.ts';
import type { CallPatience } from './call-patience.ts';
import type { HubLost, ServiceCall, Throttled } from './service-errors.ts';

/** A hub that answers at all answers well within this; a direct method has its own time on top. */
export const CALL_TIMEOUT_MS = 30_000;

const MAX_THROTTLED_TRIES = 6;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 20_000;
/** What the hub asks for is heeded as far as this. */
const LONGEST_ASKED_PAUSE_MS = 120_000;

export type CallOptions = ServiceCall & {
  readonly signal: AbortSignal;
  /** Shared by all calls to one hub: what it refuses to one slows all of them down. */
  readonly pace: CallPace;
  /** Shared by all calls to one hub: how long they wait together for one that went away. */
  readonly patience: CallPatience;
  /** Milliseconds for one try. */
  readonly limitMs?: number;
};

/** How often a call was sent so far, by what became of it. */
interface Tries {
  throttled: number;
  lost: number;
}

/**
 * One call of the SDK: with a deadline that the SDK does not have, its errors as ours, and repeated when the hub
 * throttles it, as late as the hub asked for (sdk-traps.md, 8 and 14), or when the network failed it and no harm can come of it.
 */
export async function callService<T>(options: CallOptions, work: () => Promise<T>): Promise<T> {
  const tries: Tries = { throttled: 0, lost: 0 };
  for (;;) {
    const outcome = await paced(options, work, tries);
    if ('result' in outcome) return outcome.result;
    if (outcome.againInMs > 0) await delay(outcome.againInMs, undefined, { signal: options.signal });
  }
}

/** One try. @throws ProgramError, also one that could be cured by trying again when that was the last try */
async function paced<T>(
  { pace, ...options }: CallOptions,
  work: () => Promise<T>,
  tries: Tries,
): Promise<{ result: T } | { againInMs: number }> {
  await pace.enter(options.signal);
  let succeeded = false;
  try {
    const result = await withDeadline(options, work());
    succeeded = true;
    options.patience.answered();
    return { result };
  } catch (error) {
    options.signal.throwIfAborted();
    // Codes and what to do about each: most calls go well and do not need them.
    const { fromServiceError, HubLost, Throttled } = await import('./service-errors.ts');
    const failure = fromServiceError(error, options);
    if (failure instanceof HubLost) return { againInMs: againInMs(failure, options, ++tries.lost) };
    if (failure.exit !== 'noHub') options.patience.answered();
    if (!(failure instanceof Throttled)) throw failure;
    tries.throttled += 1;
    pace.slowDown(pauseMs(failure, tries.throttled));
    if (tries.throttled === MAX_THROTTLED_TRIES) throw failure;
    return { againInMs: 0 }; // the pace holds it back
  } finally {
    pace.leave(succeeded);
  }
}

/** @throws HubLost when the call may not or need not be sent again */
function againInMs(failure: HubLost, { changes, patience }: Omit<CallOptions, 'pace'>, lost: number): number {
  const pause = changes === true && failure.mayBeDone ? undefined : patience.pauseMs(failure, lost);
  if (pause === undefined) throw failure;
  return pause;
}

async function withDeadline<T>(options: Omit<CallOptions, 'pace' | 'patience'>, work: Promise<T>): Promise<T> {
  const { signal, doing, hub, limitMs = CALL_TIMEOUT_MS } = options;
  let giveUp: () => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
    timer = setTimeout(() => {
      const where = `${hub.address.hostName}:${hub.address.httpsPort}`;
      const message = `cannot ${doing}: no answer from ${where} within ${limitMs / 1000} s`;
      const hint = 'check the network; a firewall or a proxy may be in the way; to look closer: hub-admin doctor';
      reject(new ProgramError('noHub', 'NoAnswer', message, { hint }));
    }, limitMs);
  });
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    work.catch(() => undefined);
  }
}

function pauseMs(failure: Throttled, attempt: number): number {
  if (failure.retryAfterMs !== undefined) return Math.min(failure.retryAfterMs, LONGEST_ASKED_PAUSE_MS);
  // Half of it is chance, so that many at once do not come back together.
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return longest * (0.5 + Math.random() / 2);
}
