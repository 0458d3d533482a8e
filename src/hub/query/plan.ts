import { aggregate, findAggregate, type AggregateColumn } from './aggregate.ts';
import { checkQuery } from './check.ts';
import { compileMatches, compilePath, type Matches, type Setting } from './compile.ts';
import { findEqualities, type EqualityCandidate } from './equality.ts';
import { resolvePath } from './property-path.ts';
import { project, type Column } from './project.ts';
import { QuerySyntaxError } from './query-syntax-error.ts';
import type { QueryRow, QuerySource } from './source.ts';
import type { Query, SelectItem } from './syntax-tree.ts';

/** The `x-ms-item-type` of everything that is not `SELECT *` (service-protocol.md, 6.1). */
const RAW_ITEM_TYPE = 'Raw';

interface CommonPlan<Row> {
  readonly itemType: string;
  /** Whether WHERE holds; true for every row when there is none. */
  readonly matches: Matches<Row>;
  /** What an index may answer; `matches` is still to be asked. */
  readonly equality: readonly EqualityCandidate[];
  /** At most so many results in all, over all pages. */
  readonly top: number | undefined;
}

/** A result for each matching row. The owner of the rows iterates, stops at `top` and makes the pages. */
export interface RowPlan<Row> extends CommonPlan<Row> {
  readonly aggregates: false;
  project(row: Row): QueryRow;
}

/** A result for each group. */
export interface AggregatePlan<Row> extends CommonPlan<Row> {
  readonly aggregates: true;
  /** Filters, groups and cuts at `top`. Rows that an index has ruled out may be left away. */
  aggregate(rows: Iterable<Row>): QueryRow[];
}

export type Plan<Row> = RowPlan<Row> | AggregatePlan<Row>;

/**
 * Checks a query and compiles it for a source.
 *
 * @param source the one the query names (`query.source`)
 * @throws QuerySyntaxError for what the grammar allows and the language does not
 */
export function planQuery<Row>(query: Query, source: QuerySource<Row>): Plan<Row> {
  if (query.source !== source.name) throw new TypeError(`the query reads ${query.source}, not ${source.name}`);
  const setting = { text: query.text, source };
  checkQuery(query, setting);
  const { where, select, top } = query;
  const common = {
    matches: where === undefined ? () => true : compileMatches(where, setting),
    equality: findEqualities(where, setting),
    top: typeof top?.value === 'number' ? top.value : undefined,
  };
  if (select === '*') {
    return { ...common, aggregates: false, itemType: source.itemType, project: (row) => source.document(row) };
  }
  const keys = resultKeys(select, setting);
  if (query.groupBy.length > 0 || select.some(({ value }) => value.kind === 'aggregate')) {
    return {
      ...common,
      aggregates: true,
      itemType: RAW_ITEM_TYPE,
      aggregate: planGroups(query, keys, setting, common),
    };
  }
  const columns = select.flatMap(({ value }, index): Column<Row>[] =>
    value.kind === 'path' ? [{ key: keys[index] ?? '', read: compilePath(value, setting) }] : [],
  );
  return { ...common, aggregates: false, itemType: RAW_ITEM_TYPE, project: (row) => project(columns, row) };
}

function planGroups<Row>(
  query: Query,
  keys: readonly string[],
  setting: Setting<Row>,
  { matches, top }: { readonly matches: Matches<Row>; readonly top: number | undefined },
): (rows: Iterable<Row>) => QueryRow[] {
  const items = query.select === '*' ? [] : query.select;
  const columns = items.map((item, index) => aggregateColumn(item, keys[index] ?? '', setting));
  const groupBy = query.groupBy.map((path) => compilePath(path, setting));
  return (rows) => aggregate(rows, matches, { columns, groupBy }).slice(0, top);
}

function aggregateColumn<Row>({ value }: SelectItem, key: string, setting: Setting<Row>): AggregateColumn<Row> {
  if (value.kind === 'path') return { kind: 'property', key, read: compilePath(value, setting) };
  const known = findAggregate(value.name);
  if (known === undefined) throw new TypeError(`${value.name} was not checked before it was planned`);
  const { argument } = value;
  const isOfPath = typeof argument === 'object' && argument.kind === 'path';
  return {
    kind: 'aggregate',
    key,
    aggregate: known,
    read: isOfPath ? compilePath(argument, setting) : () => undefined,
  };
}

/**
 * The key of each result member: the alias, or the path's last name (a root property in canonical case), or the aggregate's
 * name. Two values cannot share a key: one would be lost.
 */
function resultKeys<Row>(items: readonly SelectItem[], { text, source }: Setting<Row>): readonly string[] {
  const taken = new Map<string, string>();
  return items.map(({ value, alias, span }) => {
    const isPath = value.kind === 'path';
    const names = isPath ? resolvePath(text, value, source) : [value.name];
    const key = alias ?? names.at(-1) ?? '';
    const meaning = isPath ? JSON.stringify(names) : text.slice(value.span.at, value.span.at + value.span.length);
    const before = taken.get(key);
    if (before !== undefined && before !== meaning) {
      throw new QuerySyntaxError(text, span, `two results would be called "${key}": name one of them with AS`);
    }
    taken.set(key, meaning);
    return key;
  });
}
