import type { EqualityCandidate } from './equality.ts';
import { isPrimitive } from './operators.ts';
import { readPath } from './property-path.ts';
import type { QuerySource, Read } from './source.ts';
import type { Primitive } from './syntax-tree.ts';

const NONE: ReadonlySet<string> = new Set();

/**
 * Which rows have which value at one path. Whoever owns the rows tells it of every change; rows are not changed in place,
 * so that the row before tells where the id stands. Objects, arrays and missing values are not indexed: nothing equals them.
 */
export class PathIndex<Row> {
  readonly #read: Read<Row>;
  readonly #ids = new Map<Primitive, Set<string>>();

  constructor(path: readonly string[], source: QuerySource<Row>) {
    this.#read = readPath(path, source);
  }

  add(id: string, row: Row): void {
    const value = this.#read(row);
    if (!isPrimitive(value)) return;
    const ids = this.#ids.get(value);
    if (ids === undefined) this.#ids.set(value, new Set([id]));
    else ids.add(id);
  }

  /** @param row as it was when it was added */
  remove(id: string, row: Row): void {
    const value = this.#read(row);
    if (!isPrimitive(value)) return;
    const ids = this.#ids.get(value);
    if (ids?.delete(id) === true && ids.size === 0) this.#ids.delete(value);
  }

  /** A row that was put, replaced (`before` and `after`) or deleted (`after` undefined). */
  update(id: string, before: Row | undefined, after: Row | undefined): void {
    const isUnchanged = before !== undefined && after !== undefined && this.#read(before) === this.#read(after);
    if (isUnchanged) return;
    if (before !== undefined) this.remove(id, before);
    if (after !== undefined) this.add(id, after);
  }

  /** The ids in no order that means anything; live until the next change. */
  find(value: Primitive): ReadonlySet<string> {
    return this.#ids.get(value) ?? NONE;
  }
}

/** How many paths are indexed at once unless told otherwise; the one not asked for longest makes room. */
const DEFAULT_INDEX_LIMIT = 16;

/**
 * The indexes of one source. An index comes into being when a query first asks for equality on its path, and is kept up to
 * date from then on.
 */
export class PathIndexes<Row> {
  readonly #source: QuerySource<Row>;
  readonly #isIndexable: (path: readonly string[]) => boolean;
  readonly #limit: number;
  /** In the order of last use. */
  readonly #indexes = new Map<string, PathIndex<Row>>();

  /**
   * @param options.isIndexable false for paths whose value changes without an update of the row (`connectionState`);
   * default: every path is indexable
   */
  constructor(
    source: QuerySource<Row>,
    options: { readonly isIndexable?: (path: readonly string[]) => boolean; readonly limit?: number } = {},
  ) {
    this.#source = source;
    this.#isIndexable = options.isIndexable ?? (() => true);
    this.#limit = options.limit ?? DEFAULT_INDEX_LIMIT;
  }

  /** To be called for every row that is put, replaced or deleted. */
  update(id: string, before: Row | undefined, after: Row | undefined): void {
    for (const index of this.#indexes.values()) index.update(id, before, after);
  }

  /**
   * The ids that can match, by the most selective of a plan's equality predicates; undefined when none is on an indexable
   * path, and every row must be looked at. In no order that means anything.
   *
   * @param entries all rows by id, for an index that must be built first
   */
  find(
    equality: readonly EqualityCandidate[],
    entries: () => Iterable<readonly [string, Row]>,
  ): ReadonlySet<string> | undefined {
    const found = equality
      .filter(({ path }) => this.#isIndexable(path))
      .map((candidate) => idsOf(this.#index(candidate, entries), candidate.values))
      .sort((a, b) => size(a) - size(b));
    const [smallest] = found;
    return smallest && union(smallest);
  }

  #index({ key, path }: EqualityCandidate, entries: () => Iterable<readonly [string, Row]>): PathIndex<Row> {
    const index = this.#indexes.get(key) ?? this.#build(path, entries);
    this.#indexes.delete(key);
    this.#indexes.set(key, index);
    const [oldest] = this.#indexes.keys();
    if (this.#indexes.size > this.#limit && oldest !== undefined) this.#indexes.delete(oldest);
    return index;
  }

  #build(path: readonly string[], entries: () => Iterable<readonly [string, Row]>): PathIndex<Row> {
    const index = new PathIndex(path, this.#source);
    for (const [id, row] of entries()) index.add(id, row);
    return index;
  }
}

function idsOf<Row>(index: PathIndex<Row>, values: readonly Primitive[]): readonly ReadonlySet<string>[] {
  return values.map((value) => index.find(value));
}

function size(sets: readonly ReadonlySet<string>[]): number {
  return sets.reduce((sum, set) => sum + set.size, 0);
}

/** A row has one value at a path, so the sets have nothing in common. */
function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const [only = NONE] = sets;
  return sets.length < 2 ? only : new Set(sets.flatMap((set) => [...set]));
}
