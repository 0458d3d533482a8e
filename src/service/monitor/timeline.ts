/** What has a place in the timeline. */
export interface Moment {
  readonly enqueuedMs: number;
  /** Where it came from: within one source moments come in order. */
  readonly source: string;
  readonly sequenceNumber: number;
}

interface Arrived<Item> {
  readonly item: Item;
  readonly arrivedMs: number;
}

/** How long a fresh moment waits for an older one that comes by another way. */
const HOLD_MS = 100;
/** A source that was expected to catch up and is silent for this long does not hold up the others any longer. */
const PATIENCE_MS = 3000;

/** Brings moments from several sources into one order, by the hub's clock. */
export class Timeline<Item extends Moment> {
  readonly #waiting: Arrived<Item>[] = [];
  /** Sources that have still to bring what they held when reading began: up to which number, and how far they are. */
  readonly #behind = new Map<string, { goal: number; reachedMs: number; heardMs: number }>();

  /** A source holds moments up to this number that will come now: until they have, nothing later may be shown. */
  expect(source: string, goal: number, nowMs: number): void {
    this.#behind.set(source, { goal, reachedMs: -Infinity, heardMs: nowMs });
  }

  push(item: Item, nowMs: number): void {
    this.#waiting.push({ item, arrivedMs: nowMs });
    this.pass(item, nowMs);
  }

  /** Notes how far a source is, without a place in the timeline for this. */
  pass(item: Moment, nowMs: number): void {
    const source = this.#behind.get(item.source);
    if (source === undefined) return;
    if (item.sequenceNumber >= source.goal) this.#behind.delete(item.source);
    else this.#behind.set(item.source, { ...source, reachedMs: item.enqueuedMs, heardMs: nowMs });
  }

  /** Takes what may be shown now, in order. */
  take(nowMs: number): Item[] {
    this.#waiting.sort(
      (a, b) => a.item.enqueuedMs - b.item.enqueuedMs || a.item.sequenceNumber - b.item.sequenceNumber,
    );
    const limitMs = this.#settledMs(nowMs);
    const isReady = ({ item, arrivedMs }: Arrived<Item>): boolean =>
      limitMs === undefined ? nowMs - arrivedMs >= HOLD_MS : item.enqueuedMs <= limitMs;
    const firstLater = this.#waiting.findIndex((each) => !isReady(each));
    return this.#waiting.splice(0, firstLater === -1 ? this.#waiting.length : firstLater).map(({ item }) => item);
  }

  /** Takes everything: nothing more is waited for. */
  takeAll(): Item[] {
    this.#behind.clear();
    return this.take(Infinity);
  }

  /** Up to which moment all sources have told everything; undefined when none is behind. */
  #settledMs(nowMs: number): number | undefined {
    for (const [source, { heardMs }] of this.#behind) {
      if (nowMs - heardMs > PATIENCE_MS) this.#behind.delete(source);
    }
    if (this.#behind.size === 0) return undefined;
    return Math.min(...[...this.#behind.values()].map(({ reachedMs }) => reachedMs));
  }
}
