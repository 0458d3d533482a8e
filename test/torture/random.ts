/** Whether this is the long form: `npm run torture`. The short one is a part of `npm test`. */
export const IS_LONG = process.env['TANDEM_TORTURE'] === 'long';

/** The same seed, the same torture: `TANDEM_TORTURE_SEED=… npm run torture bad-bytes`. */
export const SEED = Number(process.env['TANDEM_TORTURE_SEED'] ?? (IS_LONG ? Date.now() % 1_000_000_007 : 20261121));

/** How many rounds: few beside the other tests, many when asked for. */
export function rounds(few: number, many: number): number {
  const asked = Number(process.env['TANDEM_TORTURE_ROUNDS'] ?? 0);
  if (asked > 0) return asked;
  return IS_LONG ? many : few;
}

/** A source of chance that can be run again (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(part: number): boolean {
    return this.next() < part;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}
