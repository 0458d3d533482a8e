import { ProgramError } from '../terminal/program-error.ts';

/** What is under way over one connection: it fails when the connection ends, or when it takes too long. */
export class Underway {
  readonly #failures = new Set<(error: Error) => void>();
  #broken: Error | undefined;

  /** The connection has ended: everything under way fails, and whatever comes later. */
  break(error: Error): void {
    this.#broken ??= error;
    for (const fail of this.#failures) fail(error);
    this.#failures.clear();
  }

  /**
   * A callback-style call of the SDK, waited for until the connection ends or the time is up, whichever is first.
   *
   * The SDK waits for a missing twin answer for ever, and forgets callbacks when a connection ends (sdk-traps.md, 14). No
   * `Promise.race` with one promise for the connection: each race would leave something behind in it.
   *
   * @throws ProgramError `timedOut`
   */
  call<T>(limit: { what: string; ms: number }, start: (done: Done<T>) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#broken !== undefined) {
        reject(this.#broken);
        return;
      }
      const late = (): void => fail(lateError(limit));
      const timer = setTimeout(late, limit.ms);
      const fail = (error: Error): void => {
        clearTimeout(timer);
        this.#failures.delete(fail);
        reject(error);
      };
      this.#failures.add(fail);
      start((error, result) => {
        clearTimeout(timer);
        this.#failures.delete(fail);
        if (error) reject(error);
        else resolve(result as T);
      });
    });
  }
}

type Done<T> = (error?: Error | null, result?: T) => void;

function lateError({ what, ms }: { what: string; ms: number }): ProgramError {
  return new ProgramError('timedOut', 'NoAnswer', `the hub did not ${what} within ${ms / 1000} s`);
}
