import { HubError } from '../model/hub-error.ts';
import { MAX_QUERY_PAGE } from '../model/limits.ts';
import {
  planCondition,
  planQuery,
  type Condition,
  type ConditionPlan,
  type PathIndexes,
  type Plan,
  type Query,
  type QueryRow,
  type QuerySource,
  type RowPlan,
} from '../query/index.ts';
import { formatContinuation, parseContinuation, type Continuation } from './query-continuation.ts';

export interface QueryPage {
  readonly rows: readonly QueryRow[];
  readonly itemType: string;
  /** Undefined on the last page. */
  readonly continuation: string | undefined;
}

/** Which part of the results is asked for. */
export interface PageWish {
  readonly size: number;
  /** Undefined for the first page. */
  readonly continuation: string | undefined;
}

/** A query that was read, checked and compiled; it is run once for each page. */
export type PreparedQuery = (page: PageWish) => QueryPage;

/** The rows of one source, and how they are kept. */
export interface RowOwner<Row> {
  readonly source: QuerySource<Row>;
  readonly indexes: PathIndexes<Row>;
  /** In the order of their creation; live. There may be others among them: see `includes`. */
  entries(): IterableIterator<[string, Row]>;
  /** The rows as they are now, and no others: to be gone through at once. */
  values(): Iterable<Row>;
  /** Whether a row of `entries` belongs to this source. */
  includes(row: Row): boolean;
  find(key: string): Row | undefined;
  /** A text that grows from each row to the next: what a continuation token names. */
  place(key: string): string;
  count(): number;
}

/** A scan that a next page goes on with. */
interface Cursor<Row> {
  readonly iterator: IterableIterator<[string, Row]>;
  /** Found while looking whether there is a next page. */
  readonly pending: string;
}

/** An index answers up to so large a part of all rows, or up to so many rows. */
const MAX_SELECTIVITY = 0.1;
const MIN_UNSELECTIVE = 1_000;
const MAX_CURSORS = 100;

/** What can be asked of the rows of one source: a query page by page, or which rows meet a condition. */
export class RowSet<Row> {
  readonly #owner: RowOwner<Row>;
  readonly #cursors = new Map<string, Cursor<Row>>();

  constructor(owner: RowOwner<Row>) {
    this.#owner = owner;
  }

  /** @throws QuerySyntaxError for what the language does not allow */
  prepare(query: Query, digest: string): PreparedQuery {
    const plan = planQuery(query, this.#owner.source);
    if (plan.aggregates) {
      return () => ({
        rows: plan.aggregate(this.#candidates(plan)),
        itemType: plan.itemType,
        continuation: undefined,
      });
    }
    return (page) => this.#page(plan, digest, page);
  }

  /** Checks a condition. @returns whether a row meets it. @throws QuerySyntaxError */
  planCondition(condition: Condition): ConditionPlan<Row> {
    return planCondition(condition, this.#owner.source);
  }

  /** The rows that meet a condition, in the order of their creation. */
  *matching(plan: ConditionPlan<Row>): Iterable<Row> {
    for (const row of this.#candidates(plan)) if (plan.matches(row)) yield row;
  }

  #page(plan: RowPlan<Row>, digest: string, { size, continuation: token }: PageWish): QueryPage {
    const from = token === undefined ? undefined : parseContinuation(token, digest);
    const remaining = from?.remaining ?? plan.top ?? Infinity;
    const limit = Math.min(size, remaining);
    const scan = this.#scan(plan, from, token);
    const found: [string, Row][] = [];
    let next: string | undefined;
    // No generator in between and no `for … of`, which would close the iterator that the next page goes on with: a full scan
    // takes a third of the time.
    for (let item = scan.rows.next(); item.done !== true; item = scan.rows.next()) {
      const entry = item.value;
      if (!this.#owner.includes(entry[1]) || !plan.matches(entry[1])) continue;
      if (found.length === limit) {
        [next] = entry;
        break;
      }
      found.push(entry);
    }
    const last = found.at(-1);
    const rows = found.map(([, row]) => plan.project(row));
    if (next === undefined || last === undefined || remaining <= size)
      return { rows, itemType: plan.itemType, continuation: undefined };
    const continuation = formatContinuation({
      digest,
      after: this.#owner.place(last[0]),
      remaining: remaining === Infinity ? undefined : remaining - found.length,
    });
    if (scan.iterator !== undefined) this.#remember(continuation, { iterator: scan.iterator, pending: next });
    return { rows, itemType: plan.itemType, continuation };
  }

  /** The rows behind a continuation: from an index, from the scan that found the page before, or from a new scan. */
  #scan(
    plan: RowPlan<Row>,
    from: Continuation | undefined,
    token: string | undefined,
  ): { rows: Iterator<[string, Row]>; iterator?: IterableIterator<[string, Row]> } {
    const ids = this.#indexed(plan);
    if (ids !== undefined) return { rows: this.#fromIndex(ids, from).values() };
    const cursor = token === undefined ? undefined : this.#cursors.get(token);
    if (token !== undefined) this.#cursors.delete(token);
    const iterator = cursor?.iterator ?? this.#owner.entries();
    if (cursor !== undefined) return { rows: this.#goOn(cursor), iterator };
    return { rows: from === undefined ? iterator : this.#behind(iterator, from.after), iterator };
  }

  *#goOn({ iterator, pending }: Cursor<Row>): Generator<[string, Row]> {
    const row = this.#owner.find(pending);
    if (row !== undefined) yield [pending, row];
    yield* keepOpen(iterator);
  }

  *#behind(iterator: IterableIterator<[string, Row]>, after: string): Generator<[string, Row]> {
    for (const entry of keepOpen(iterator)) if (this.#owner.place(entry[0]) > after) yield entry;
  }

  #fromIndex(ids: ReadonlySet<string>, from: Continuation | undefined): [string, Row][] {
    return [...ids]
      .map((key): [string, string] => [this.#owner.place(key), key])
      .filter(([place]) => from === undefined || place > from.after)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, key]) => {
        const row = this.#owner.find(key);
        return row === undefined ? [] : [[key, row] as [string, Row]];
      });
  }

  #candidates(plan: Pick<Plan<Row>, 'equality'>): Iterable<Row> {
    const ids = this.#indexed(plan);
    return ids === undefined ? this.#owner.values() : this.#fromIndex(ids, undefined).map(([, row]) => row);
  }

  *#ownEntries(): IterableIterator<[string, Row]> {
    for (const entry of this.#owner.entries()) if (this.#owner.includes(entry[1])) yield entry;
  }

  /** What an index says, unless it says so much that putting it in order costs more than looking at every row. */
  #indexed(plan: Pick<Plan<Row>, 'equality'>): ReadonlySet<string> | undefined {
    const ids = this.#owner.indexes.find(plan.equality, () => this.#ownEntries());
    const worthwhile = Math.max(MIN_UNSELECTIVE, this.#owner.count() * MAX_SELECTIVITY);
    return ids !== undefined && ids.size <= worthwhile ? ids : undefined;
  }

  #remember(token: string, cursor: Cursor<Row>): void {
    this.#cursors.set(token, cursor);
    const [oldest] = this.#cursors.keys();
    if (this.#cursors.size > MAX_CURSORS && oldest !== undefined) this.#cursors.delete(oldest);
  }
}

/**
 * Reads `x-ms-max-item-count`; over 100 is 100.
 *
 * @throws HubError ArgumentInvalid for what is no whole number
 */
export function parsePageSize(text: string | undefined): number {
  if (text === undefined) return MAX_QUERY_PAGE;
  const size = Number(text);
  if (!Number.isInteger(size))
    throw new HubError('ArgumentInvalid', `x-ms-max-item-count must be a whole number, got '${text}'`);
  return size < 1 ? MAX_QUERY_PAGE : Math.min(size, MAX_QUERY_PAGE);
}

/** A `for` loop that is left closes its generator; this one only lends it. */
function* keepOpen<Item>(iterator: IterableIterator<Item>): Iterable<Item> {
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield next.value;
}
