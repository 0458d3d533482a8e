import type { HubLost } from './service-errors.ts';

/** A hub that answered before and is away for so long does not come back for this command. */
const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 3000;
/** A first connection may be cut by chance. */
const FIRST_TRIES = 3;

/**
 * Whether a call that the network failed is sent again. A hub that never answered is told of at once: it is not there. One that
 * did answer in this run is waited for, all calls together a minute at most, so that a restart or a cut connection in the
 * middle of a thousand devices is no failure of those that were under way.
 */
export class CallPatience {
  readonly #onAway: (reason: string) => void;
  #hasAnswered = false;
  #awaySince: number | undefined;

  constructor(onAway: (reason: string) => void = () => undefined) {
    this.#onAway = onAway;
  }

  /** The hub said something, be it a refusal. */
  answered(): void {
    this.#hasAnswered = true;
    this.#awaySince = undefined;
  }

  /**
   * @param tries how often this call was sent
   * @returns milliseconds to wait before it is sent again; undefined when it is not
   */
  pauseMs(failure: HubLost, tries: number): number | undefined {
    // Half of it is chance, so that many at once do not come back together.
    const pauseMs = Math.min(FIRST_PAUSE_MS * 1.5 ** (tries - 1), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
    if (!this.#hasAnswered) return failure.wasCut && tries < FIRST_TRIES ? pauseMs : undefined;
    const now = performance.now();
    if (this.#awaySince === undefined) {
      this.#awaySince = now;
      if (!failure.wasCut) this.#onAway(failure.message);
    }
    return now - this.#awaySince > PATIENCE_MS ? undefined : pauseMs;
  }
}
