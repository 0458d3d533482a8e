import type { Clock } from '../clock.ts';

/** Lets callers pass one by one, at most so many a second: the pace at which a fleet connects, and comes back. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #gapMs: number;
  #nextAt = 0;

  constructor(perSecond: number, clock: Clock) {
    this.#clock = clock;
    this.#gapMs = 1000 / perSecond;
  }

  pass(): Promise<void> {
    const now = this.#clock.now();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + this.#gapMs;
    return at <= now ? Promise.resolve() : new Promise((resolve) => this.#clock.after(at - now, resolve));
  }
}
