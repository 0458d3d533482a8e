import { setTimeout as delay } from 'node:timers/promises';
import { formatDuration, ProgramError } from '../../terminal/index.ts';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

export interface ReconnectOptions {
  readonly signal: AbortSignal;
  /** Told each time that it does not come back. */
  readonly onTrouble: (line: string) => void;
}

/**
 * Makes a lost connection anew, for as long as it takes.
 *
 * @throws what `connect` threw when it is no failure to reach the hub: a key that is refused stays refused
 */
export async function reconnect<T>(connect: () => Promise<T>, { signal, onTrouble }: ReconnectOptions): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    await delay(pauseMs, undefined, { signal });
    try {
      return await connect();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      onTrouble(`${error.message}; again in ${formatDuration(Math.min(pauseMs * 2, LONGEST_PAUSE_MS))}`);
    }
  }
}

/** The hub was not reached: that may pass. */
export function isUnreachable(error: unknown): error is ProgramError {
  return error instanceof ProgramError && error.exit === 'noHub';
}

/** Why a connection ended; undefined when `signal` came first. */
export async function endOf(ended: Promise<never>, signal: AbortSignal): Promise<string | undefined> {
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([ended, stopped]);
    return undefined;
  } catch (error) {
    return signal.aborted ? undefined : error instanceof Error ? error.message : String(error);
  }
}
