import { createHash } from 'node:crypto';
import { HubError } from '../model/hub-error.ts';
import { targetKey } from '../model/identifiers.ts';
import { MAX_QUERY_PAGE } from '../model/limits.ts';
import type { Twin } from '../model/twin.ts';
import {
  parseQuery,
  PathIndexes,
  planQuery,
  QuerySyntaxError,
  type Plan,
  type QueryRow,
  type QuerySource,
  type RowPlan,
} from '../query/index.ts';
import type { HubContext } from './hub-context.ts';
import { formatContinuation, parseContinuation, type Continuation } from './query-continuation.ts';
import { isIndexable, twinSource } from './twin-source.ts';
import type { Twins } from './twins.ts';

export interface QueryPage {
  readonly rows: readonly QueryRow[];
  readonly itemType: string;
  /** Undefined on the last page. */
  readonly continuation: string | undefined;
}

export interface PageRequest {
  /** `x-ms-max-item-count` as it came. */
  readonly maxItems: string | undefined;
  /** `x-ms-continuation` as it came. */
  readonly continuation: string | undefined;
}

/** The rows of one source, and the indexes over them. */
interface Rows {
  readonly source: QuerySource<Twin>;
  readonly indexes: PathIndexes<Twin>;
  /** In the order of their creation. */
  entries(): IterableIterator<[string, Twin]>;
}

interface PreparedQuery {
  readonly rows: Rows;
  readonly plan: Plan<Twin>;
  /** Binds a continuation token to its query. */
  readonly digest: string;
}

/** A scan that a next page goes on with. */
interface Cursor {
  readonly iterator: IterableIterator<[string, Twin]>;
  /** Found while looking whether there is a next page. */
  readonly pending: string;
}

/** An index answers up to so large a part of all rows, or up to so many rows. */
const MAX_SELECTIVITY = 0.1;
const MIN_UNSELECTIVE = 1_000;
const MAX_PREPARED = 200;
const MAX_CURSORS = 100;

/** Queries over twins, page by page. */
export class Queries {
  readonly #context: HubContext;
  readonly #sources: Readonly<Record<'devices' | 'devices.modules', Rows>>;
  readonly #prepared = new Map<string, PreparedQuery>();
  readonly #cursors = new Map<string, Cursor>();

  constructor(context: HubContext, twins: Twins) {
    this.#context = context;
    const newRows = (name: 'devices' | 'devices.modules'): Rows => {
      const source = twinSource(name, (twin) => twins.view(twin));
      return {
        source,
        indexes: new PathIndexes(source, { isIndexable }),
        entries: () => entriesOf(context, name === 'devices.modules'),
      };
    };
    this.#sources = { devices: newRows('devices'), 'devices.modules': newRows('devices.modules') };
    context.twins.onChange((key, before, after) => {
      const isModule = (after ?? before)?.moduleId !== undefined;
      this.#sources[isModule ? 'devices.modules' : 'devices'].indexes.update(key, before, after);
    });
  }

  /**
   * Runs a query, or goes on with one, behind every change that was asked for before it.
   *
   * @throws HubError ArgumentInvalid for a refused text (with its place), page size or continuation token
   * @see service-protocol.md, 6.1
   */
  async run(text: string, page: PageRequest): Promise<QueryPage> {
    const query = this.#prepare(text);
    const size = parsePageSize(page.maxItems);
    await this.#context.store.settled();
    const { plan, rows } = query;
    if (plan.aggregates) {
      return { rows: plan.aggregate(this.#candidates(rows, plan)), itemType: plan.itemType, continuation: undefined };
    }
    const from = page.continuation === undefined ? undefined : parseContinuation(page.continuation, query.digest);
    return this.#page(query, plan, size, from, page.continuation);
  }

  /** The twins that meet a query's WHERE, e.g. the targets of a job; in the order of creation. */
  *matching(text: string): Iterable<Twin> {
    const { plan, rows } = this.#prepare(text);
    for (const twin of this.#candidates(rows, plan)) if (plan.matches(twin)) yield twin;
  }

  #page(
    query: PreparedQuery,
    plan: RowPlan<Twin>,
    size: number,
    from: Continuation | undefined,
    token: string | undefined,
  ): QueryPage {
    const remaining = from?.remaining ?? plan.top ?? Infinity;
    const limit = Math.min(size, remaining);
    const scan = this.#scan(query, plan, from, token);
    const found: Twin[] = [];
    let next: string | undefined;
    for (const [key, twin] of scan.rows) {
      if (!plan.matches(twin)) continue;
      if (found.length === limit) {
        next = key;
        break;
      }
      found.push(twin);
    }
    const last = found.at(-1);
    const rows = found.map((twin) => plan.project(twin));
    if (next === undefined || last === undefined || remaining <= size)
      return { rows, itemType: plan.itemType, continuation: undefined };
    const continuation = formatContinuation({
      digest: query.digest,
      after: this.#createdAs(targetKey(last)),
      remaining: remaining === Infinity ? undefined : remaining - found.length,
    });
    if (scan.iterator !== undefined) this.#remember(continuation, { iterator: scan.iterator, pending: next });
    return { rows, itemType: plan.itemType, continuation };
  }

  /** The rows behind a continuation: from an index, from the scan that found the page before, or from a new scan. */
  #scan(
    query: PreparedQuery,
    plan: RowPlan<Twin>,
    from: Continuation | undefined,
    token: string | undefined,
  ): { rows: Iterable<[string, Twin]>; iterator?: IterableIterator<[string, Twin]> } {
    const ids = this.#indexed(query.rows, plan);
    if (ids !== undefined) return { rows: this.#fromIndex(ids, from) };
    const cursor = token === undefined ? undefined : this.#cursors.get(token);
    if (token !== undefined) this.#cursors.delete(token);
    const iterator = cursor?.iterator ?? query.rows.entries();
    return { rows: cursor === undefined ? this.#behind(iterator, from) : this.#goOn(cursor), iterator };
  }

  *#goOn({ iterator, pending }: Cursor): Iterable<[string, Twin]> {
    const twin = this.#context.twins.get(pending);
    if (twin !== undefined) yield [pending, twin];
    yield* keepOpen(iterator);
  }

  *#behind(iterator: IterableIterator<[string, Twin]>, from: Continuation | undefined): Iterable<[string, Twin]> {
    for (const entry of keepOpen(iterator)) {
      if (from === undefined || this.#createdAs(entry[0]) > from.after) yield entry;
    }
  }

  #fromIndex(ids: ReadonlySet<string>, from: Continuation | undefined): [string, Twin][] {
    return [...ids]
      .map((key): [string, string] => [this.#createdAs(key), key])
      .filter(([created]) => from === undefined || created > from.after)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, key]) => {
        const twin = this.#context.twins.get(key);
        return twin === undefined ? [] : [[key, twin] as [string, Twin]];
      });
  }

  *#candidates(rows: Rows, plan: Plan<Twin>): Iterable<Twin> {
    const ids = this.#indexed(rows, plan);
    const entries = ids === undefined ? rows.entries() : this.#fromIndex(ids, undefined);
    for (const [, twin] of entries) yield twin;
  }

  /** What an index says, unless it says so much that putting it in order costs more than looking at every row. */
  #indexed(rows: Rows, plan: Plan<Twin>): ReadonlySet<string> | undefined {
    const ids = rows.indexes.find(plan.equality, () => rows.entries());
    const worthwhile = Math.max(MIN_UNSELECTIVE, this.#context.twins.size * MAX_SELECTIVITY);
    return ids !== undefined && ids.size <= worthwhile ? ids : undefined;
  }

  /** The generation id: 18 digits that grow from one identity to the next, so that text compares as the number would. */
  #createdAs(key: string): string {
    return (this.#context.devices.get(key) ?? this.#context.modules.get(key))?.generationId ?? '';
  }

  #prepare(text: string): PreparedQuery {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const prepared = this.#plan(text);
    this.#prepared.set(text, prepared);
    dropOldest(this.#prepared, MAX_PREPARED);
    return prepared;
  }

  #plan(text: string): PreparedQuery {
    try {
      const query = parseQuery(text);
      if (query.source === 'devices.jobs')
        throw new HubError('ArgumentInvalid', 'queries FROM devices.jobs are not served by this hub');
      const rows = this.#sources[query.source];
      return {
        rows,
        plan: planQuery(query, rows.source),
        digest: createHash('sha256').update(text).digest('base64url').slice(0, 12),
      };
    } catch (error) {
      if (error instanceof QuerySyntaxError) throw new HubError('ArgumentInvalid', error.message, { cause: error });
      throw error;
    }
  }

  #remember(token: string, cursor: Cursor): void {
    this.#cursors.set(token, cursor);
    dropOldest(this.#cursors, MAX_CURSORS);
  }
}

function* entriesOf(context: HubContext, modules: boolean): IterableIterator<[string, Twin]> {
  for (const entry of context.twins.entries()) if ((entry[1].moduleId !== undefined) === modules) yield entry;
}

/** A `for` loop that is left closes its generator; this one only lends it. */
function* keepOpen<Item>(iterator: IterableIterator<Item>): Iterable<Item> {
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield next.value;
}

function parsePageSize(text: string | undefined): number {
  if (text === undefined) return MAX_QUERY_PAGE;
  const size = Number(text);
  if (!Number.isInteger(size))
    throw new HubError('ArgumentInvalid', `x-ms-max-item-count must be a whole number, got '${text}'`);
  return size < 1 ? MAX_QUERY_PAGE : Math.min(size, MAX_QUERY_PAGE);
}

function dropOldest(map: Map<string, unknown>, limit: number): void {
  const [oldest] = map.keys();
  if (map.size > limit && oldest !== undefined) map.delete(oldest);
}
