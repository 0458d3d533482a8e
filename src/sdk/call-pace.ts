/** What happened to the pace, for whoever tells people about it. */
export interface Slowdown {
  readonly pauseMs: number;
  /** So many calls at once from now on, until the hub takes more. */
  readonly limit: number;
}

/**
 * How many calls may be under way to one hub. It has no limit of its own until the hub throttles (429): then everybody
 * waits as long as the hub asked for, half as many calls go on, and after as many successes as there are calls at once
 * one more may.
 */
export class CallPace {
  readonly #onSlowdown: (slowdown: Slowdown) => void;
  #underWay = 0;
  #limit = Number.POSITIVE_INFINITY;
  /** What the limit may grow back to: the most that was under way when the hub first refused. */
  #ceiling = 0;
  #successes = 0;
  #pausedUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(onSlowdown: (slowdown: Slowdown) => void = () => undefined) {
    this.#onSlowdown = onSlowdown;
  }

  /** How many calls may be under way now; Infinity when the hub never throttled. */
  get limit(): number {
    return this.#limit;
  }

  /** Resolves when one more call may be sent. Each is followed by one `leave`. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#waiting.length === 0 && this.#isOpen()) {
      this.#underWay += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const turn = (): void => {
        signal.removeEventListener('abort', give);
        resolve();
      };
      const give = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
      };
      this.#waiting.push(turn);
      signal.addEventListener('abort', give, { once: true });
    });
  }

  /** A call has ended, well or badly; `success` counts towards going faster again. */
  leave(success: boolean): void {
    this.#underWay -= 1;
    if (success && this.#limit < this.#ceiling && ++this.#successes >= this.#limit) {
      this.#successes = 0;
      this.#limit += 1;
    }
    this.#admit();
  }

  /** The hub refused a call: it must leave and enter again. */
  slowDown(pauseMs: number): void {
    const now = performance.now();
    // Calls that were under way together are refused together: that is one refusal.
    const isNew = now >= this.#pausedUntil;
    this.#pausedUntil = Math.max(this.#pausedUntil, now + pauseMs);
    if (isNew) {
      const atOnce = Math.min(this.#limit, this.#underWay);
      this.#ceiling = Math.max(this.#ceiling, atOnce);
      this.#limit = Math.max(1, Math.floor(atOnce / 2));
      this.#successes = 0;
      this.#onSlowdown({ pauseMs, limit: this.#limit });
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#pausedUntil = 0; // timers may come a little early
      this.#admit();
    }, this.#pausedUntil - now);
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#isOpen()) {
      this.#underWay += 1;
      this.#waiting.shift()?.();
    }
  }

  #isOpen(): boolean {
    return this.#underWay < this.#limit && performance.now() >= this.#pausedUntil;
  }
}
