import type { Clock } from '../clock.ts';

export interface PaceLimits {
  readonly perSecond: number;
  /** Under way at the same time: a machine that cannot keep up takes longer, instead of running into deadlines. */
  readonly atOnce: number;
}

/**
 * Lets devices connect one after the other: at the start, and when they come back together after a loss. One that went
 * away by itself, to reboot, comes back when its time is over, whatever the rate.
 */
export class Pace {
  readonly #limits: PaceLimits;
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  readonly #returning: (() => void)[] = [];
  #underWay = 0;
  #nextAt = 0;
  #isScheduled = false;

  constructor(limits: PaceLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Resolves when it is the caller's turn, in the order of calls.
   *
   * @param returns it was away by its own will
   * @returns ends the turn; call it once, on every path
   */
  turn(returns: boolean): Promise<() => void> {
    return new Promise((resolve) => {
      (returns ? this.#returning : this.#waiting).push(() => resolve(() => this.#end()));
      this.#advance();
    });
  }

  #end(): void {
    this.#underWay -= 1;
    this.#advance();
  }

  #advance(): void {
    while (this.#returning.length > 0 && this.#underWay < this.#limits.atOnce) {
      this.#underWay += 1;
      this.#returning.shift()?.();
    }
    while (!this.#isScheduled && this.#waiting.length > 0 && this.#underWay < this.#limits.atOnce) {
      const intervalMs = 1000 / this.#limits.perSecond;
      // Further off than that is a turn only when the clock was set back.
      this.#nextAt = Math.min(this.#nextAt, this.#clock.now() + intervalMs);
      const waitMs = this.#nextAt - this.#clock.now();
      if (waitMs > 0) {
        this.#isScheduled = true;
        this.#clock.after(waitMs, () => {
          this.#isScheduled = false;
          this.#advance();
        });
        return;
      }
      this.#nextAt = Math.max(this.#nextAt, this.#clock.now() - LATE_MS) + intervalMs;
      this.#underWay += 1;
      this.#waiting.shift()?.();
    }
  }
}

/** A timer that fires late may be caught up with by this much, so that the rate holds beyond the timer's resolution. */
const LATE_MS = 20;
