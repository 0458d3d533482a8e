import { ProgramError } from '../terminal/program-error.ts';

/** A promise that only ever rejects, and a way to make it do so. */
export interface Breaker {
  readonly broken: Promise<never>;
  break(error: Error): void;
}

export function breaker(): Breaker {
  let reject: (error: Error) => void = () => undefined;
  const broken = new Promise<never>((_, rejected) => (reject = rejected));
  broken.catch(() => undefined); // nobody may be waiting
  return { broken, break: (error) => reject(error) };
}

/**
 * Waits for `work`, for the connection to end, or for the deadline, whichever is first.
 *
 * The SDK waits for a missing twin answer for ever, and forgets callbacks when a connection ends (sdk-traps.md, 14).
 *
 * @throws ProgramError `timedOut`
 */
export async function within<T>(work: Promise<T>, gone: Breaker, limit: { what: string; ms: number }): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = (): ProgramError =>
      new ProgramError('timedOut', 'NoAnswer', `the hub did not ${limit.what} within ${limit.ms / 1000} s`);
    timer = setTimeout(() => reject(error()), limit.ms);
  });
  try {
    return await Promise.race([work, gone.broken, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A callback-style call of the SDK as a promise. */
export function called(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}
