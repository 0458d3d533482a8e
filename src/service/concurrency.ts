/** How many items are worked on at once. */
export interface InOrderOptions {
  /**
   * At most so many, from beginning to end. Undefined: as many as go well: only those count that are in their calls, not
   * those that wait for a device, and the number grows while the calls are answered quickly or by slow devices.
   */
  readonly concurrency: number | undefined;
  readonly signal: AbortSignal;
  /** What the hub takes at present; asked again and again. Default: anything. */
  readonly callLimit?: () => number;
}

/** Works on an item. @param waits to be called when from now on it only waits for a device: another item may begin its calls */
export type Work<Item, Result> = (item: Item, waits: () => void) => Promise<Result>;

/**
 * Works on items several at a time and yields the results in the order of the items.
 * A failure ends it: nothing new is begun. So does the signal.
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  options: InOrderOptions,
  work: Work<Item, Result>,
): AsyncGenerator<Result, void, void> {
  const waiting = items.values();
  const begun: Promise<Result>[] = [];
  let broken = false;
  const begin = (): void => {
    while (places.isFree() && !broken && !options.signal.aborted) {
      const next = waiting.next();
      if (next.done === true) return;
      const place = places.take();
      const result = work(next.value, () => place.waits()).finally(() => place.leave());
      // Whoever reads it in its turn sees the failure; until then it must not count as unhandled.
      result.catch(() => (broken = true));
      begun.push(result);
    }
  };
  const { concurrency, callLimit = () => Infinity } = options;
  const places = concurrency === undefined ? new GrowingPlaces(callLimit, begin) : new FixedPlaces(concurrency, begin);
  begin();
  // What ends begins the next one, so the list grows while it is read; it is as long as the items unless it was stopped.
  for (let result = begun.shift(); result !== undefined; result = begun.shift()) yield await result;
  options.signal.throwIfAborted();
}

/** What one item holds from its beginning to its end. */
interface Place {
  waits(): void;
  leave(): void;
}

class FixedPlaces {
  readonly #count: number;
  readonly #freed: () => void;
  #taken = 0;

  constructor(count: number, freed: () => void) {
    this.#count = count;
    this.#freed = freed;
  }

  isFree(): boolean {
    return this.#taken < this.#count;
  }

  take(): Place {
    this.#taken += 1;
    return {
      waits: () => undefined,
      leave: () => {
        this.#taken -= 1;
        this.#freed();
      },
    };
  }
}

const FIRST_LIMIT = 16;
/** Beyond this more connections at once bring nothing. */
const QUICK_LIMIT = 256;
/** Devices that take long to answer hold a connection each. */
const SLOW_LIMIT = 1000;
/** What only waits costs memory and a line in a query now and then. */
const MOST_UNDER_WAY = 10_000;
const SLOW_AFTER_MS = 500;
/** Against what most take: on a busy machine all are slow, and more at once would make it worse. */
const SLOW = 4;
const AVERAGE_OF = 16;
/** Against the fastest: where a processor is the limit, half as many more at once take half as long again. */
const QUICK = 1.5;

class GrowingPlaces {
  readonly #callLimit: () => number;
  readonly #freed: () => void;
  #limit = FIRST_LIMIT;
  #calling = 0;
  #underWay = 0;
  #fastestMs = Infinity;
  #averageMs = 0;

  constructor(callLimit: () => number, freed: () => void) {
    this.#callLimit = callLimit;
    this.#freed = freed;
  }

  isFree(): boolean {
    return this.#calling < Math.min(this.#limit, this.#callLimit()) && this.#underWay < MOST_UNDER_WAY;
  }

  take(): Place {
    const startedAt = performance.now();
    this.#calling += 1;
    this.#underWay += 1;
    const slowMs = Math.max(SLOW_AFTER_MS, SLOW * this.#averageMs);
    const slow = setTimeout(() => this.#grow(2, SLOW_LIMIT), slowMs);
    let calls = true;
    const waits = (): void => {
      if (!calls) return;
      calls = false;
      clearTimeout(slow);
      this.#calling -= 1;
      this.#called(performance.now() - startedAt);
    };
    const leave = (): void => {
      this.#underWay -= 1;
      if (calls) waits();
      else this.#freed();
    };
    return { waits, leave };
  }

  /** As quick as when there were few: neither the hub nor this machine has enough yet. */
  #called(tookMs: number): void {
    this.#fastestMs = Math.min(this.#fastestMs, tookMs);
    this.#averageMs += (tookMs - this.#averageMs) / AVERAGE_OF;
    this.#grow(tookMs <= QUICK * this.#fastestMs ? 1 : 0, QUICK_LIMIT);
  }

  #grow(by: number, most: number): void {
    this.#limit = Math.max(this.#limit, Math.min(most, this.#limit + by));
    this.#freed();
  }
}
