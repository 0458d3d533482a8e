import type { Clock } from '../clock.ts';

export interface PaceLimits {
  readonly perSecond: number;
  /** Under way at the same time: a machine that cannot keep up takes longer, instead of running into deadlines. */
  readonly atOnce: number;
}

/** Lets devices connect one after the other: at the start, and when they come back together after a loss. */
export class Pace {
  readonly #limits: PaceLimits;
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;
  #nextAt = 0;
  #isScheduled = false;

  constructor(limits: PaceLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Resolves when it is the caller's turn, in the order of calls. @returns ends the turn; call it once, on every path */
  turn(): Promise<() => void> {
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(() => this.#end()));
      this.#advance();
    });
  }

  #end(): void {
    this.#underWay -= 1;
    this.#advance();
  }

  #advance(): void {
    while (!this.#isScheduled && this.#waiting.length > 0 && this.#underWay < this.#limits.atOnce) {
      const waitMs = this.#nextAt - this.#clock.now();
      if (waitMs > 0) {
        this.#isScheduled = true;
        this.#clock.after(waitMs, () => {
          this.#isScheduled = false;
          this.#advance();
        });
        return;
      }
      this.#nextAt = Math.max(this.#nextAt, this.#clock.now() - LATE_MS) + 1000 / this.#limits.perSecond;
      this.#underWay += 1;
      this.#waiting.shift()?.();
    }
  }
}

/** A timer that fires late may be caught up with by this much, so that the rate holds beyond the timer's resolution. */
const LATE_MS = 20;
