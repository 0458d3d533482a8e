/** Each bucket ends 5 % above the one before: percentiles are exact to that, whatever their size. */
const GROWTH = 1.05;
const LOG_GROWTH = Math.log(GROWTH);

/** Counts durations; a few hundred numbers for any amount of them. */
export class LatencyHistogram {
  readonly #buckets: number[] = [];
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  add(ms: number): void {
    const bucket = Math.floor(Math.log(Math.max(0, ms) + 1) / LOG_GROWTH);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += ms;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  get count(): number {
    return this.#count;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** The duration that the part `share` (0 to 1) of all did not exceed; 0 when there were none. */
  percentile(share: number): number {
    let left = share * this.#count;
    for (const [bucket, count] of this.#buckets.entries()) {
      left -= (count as number | undefined) ?? 0; // holes of a sparse array
      if (left <= 0 && this.#count > 0) return Math.min(this.#maxMs, GROWTH ** (bucket + 1) - 1);
    }
    return this.#maxMs;
  }
}
