import { HubError } from '../model/hub-error.ts';

/** Milliseconds since 1970, UTC. */
export type Clock = () => number;

const DAY_MS = 86_400_000;
/** A hundred years: further away the dates of the wire formats end. */
const MAX_AHEAD_MS = 36_525 * DAY_MS;

/**
 * The hub's time: real time, plus what it was moved ahead. It runs on after an advance and never goes back, not when the hub
 * starts again either: what is kept has stamps of it.
 *
 * Clients do not live in the hub's time, they live in their own. So what a client says about time (when a token ends) is
 * judged by real time when it is shown, and by the hub's time from then on. See docs/decisions/0010-virtual-time.md.
 */
export class HubClock {
  readonly #real: Clock;
  readonly #listeners = new Set<() => void>();
  #aheadMs: number;

  /** @param aheadMs where it was left */
  constructor(real: Clock, aheadMs = 0) {
    this.#real = real;
    this.#aheadMs = aheadMs;
  }

  /** The hub's time. Bound, so that it can be handed on as a {@link Clock}. */
  readonly now: Clock = () => this.#real() + this.#aheadMs;

  /** How far the hub is ahead of real time. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** A moment that a client means, in the hub's time. */
  ofClient(clientMs: number): number {
    return clientMs + this.#aheadMs;
  }

  /**
   * Moves the hub's time ahead and tells whoever waits for a moment of it.
   *
   * @throws HubError ArgumentInvalid for anything but a positive whole number, or more than 100 years in all
   */
  advance(ms: number): void {
    if (!Number.isSafeInteger(ms) || ms < 1 || this.#aheadMs + ms > MAX_AHEAD_MS) {
      throw new HubError(
        'ArgumentInvalid',
        'the clock goes ahead by whole milliseconds, at least 1 and at most 100 years in all',
      );
    }
    this.#aheadMs += ms;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls back behind every advance. @returns stops that */
  onAdvance(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
