import { isJsonObject } from '../model/json.ts';
import { project, type Column } from './project.ts';
import { isPrimitive, type Value } from './operators.ts';
import type { QueryRow, Read } from './source.ts';

/** Takes the values of a group one by one. */
interface Accumulator {
  add(value: Value): void;
  /** undefined when no value counted: the member is left out. */
  result(): number | string | boolean | undefined;
}

/** An aggregate of SELECT. */
export interface AggregateFunction {
  /** COUNT counts rows; the others need to know of what. */
  readonly ofProperty: boolean;
  start(): Accumulator;
}

/** SUM and AVG count numbers only, MIN and MAX numbers, strings and booleans; every other value is passed over. */
export const AGGREGATES: Readonly<Record<string, AggregateFunction>> = {
  COUNT: { ofProperty: false, start: countRows },
  SUM: { ofProperty: true, start: () => addNumbers((sum) => sum) },
  AVG: { ofProperty: true, start: () => addNumbers((sum, count) => sum / count) },
  MIN: { ofProperty: true, start: () => keepBest((a, b) => a < b) },
  MAX: { ofProperty: true, start: () => keepBest((a, b) => a > b) },
};

export function findAggregate(name: string): AggregateFunction | undefined {
  return Object.hasOwn(AGGREGATES, name) ? AGGREGATES[name] : undefined;
}

function countRows(): Accumulator {
  let count = 0;
  return { add: () => (count += 1), result: () => count };
}

function addNumbers(finish: (sum: number, count: number) => number): Accumulator {
  let sum = 0;
  let count = 0;
  return {
    add(value) {
      if (typeof value !== 'number') return;
      sum += value;
      count += 1;
    },
    result() {
      const result = count === 0 ? NaN : finish(sum, count);
      return Number.isFinite(result) ? result : undefined;
    },
  };
}

type Ordered = number | string | boolean;

function keepBest(isBetter: (a: Ordered, b: Ordered) => boolean): Accumulator {
  let best: Ordered | undefined;
  return {
    add(value) {
      if (value === null || !isPrimitive(value)) return;
      if (best === undefined || isBetter(...ranked(value, best))) best = value;
    },
    result: () => best,
  };
}

const TYPE_ORDER = ['boolean', 'number', 'string'];

/** Values of different types are ordered by type, so that the result does not hang on the order of the rows. */
function ranked(a: Ordered, b: Ordered): readonly [Ordered, Ordered] {
  return typeof a === typeof b ? [a, b] : [TYPE_ORDER.indexOf(typeof a), TYPE_ORDER.indexOf(typeof b)];
}

/** A column of an aggregate query: a property of the group, or an aggregate over its rows. */
export type AggregateColumn<Row> =
  | { readonly kind: 'property'; readonly key: string; readonly read: Read<Row> }
  | {
      readonly kind: 'aggregate';
      readonly key: string;
      readonly aggregate: AggregateFunction;
      readonly read: Read<Row>;
    };

interface Group<Row> {
  readonly first: Row | undefined;
  readonly accumulators: readonly (Accumulator | undefined)[];
}

/**
 * Groups rows and makes a result of each group, in the order in which the groups first appear.
 *
 * @param groupBy none: all rows are one group, and no rows still give one result
 */
export function aggregate<Row>(
  rows: Iterable<Row>,
  matches: (row: Row) => boolean,
  { columns, groupBy }: { columns: readonly AggregateColumn<Row>[]; groupBy: readonly Read<Row>[] },
): QueryRow[] {
  const groups = new Map<string, Group<Row>>();
  const all = groupBy.length === 0 ? newGroup(columns, undefined) : undefined;
  if (all !== undefined) groups.set('', all);
  for (const row of rows) {
    if (!matches(row)) continue;
    if (all !== undefined) {
      addRow(all, columns, row);
      continue;
    }
    const key = groupKey(groupBy, row);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = newGroup(columns, row)));
    addRow(group, columns, row);
  }
  return [...groups.values()].map((group) => project(groupColumns(columns), group));
}

function addRow<Row>({ accumulators }: Group<Row>, columns: readonly AggregateColumn<Row>[], row: Row): void {
  for (let index = 0; index < columns.length; index += 1) {
    const read = columns[index]?.read;
    if (read !== undefined) accumulators[index]?.add(read(row));
  }
}

function newGroup<Row>(columns: readonly AggregateColumn<Row>[], first: Row | undefined): Group<Row> {
  return {
    first,
    accumulators: columns.map((column) => (column.kind === 'aggregate' ? column.aggregate.start() : undefined)),
  };
}

/** A property of the group is the same in all its rows, so the first one tells it. */
function groupColumns<Row>(columns: readonly AggregateColumn<Row>[]): readonly Column<Group<Row>>[] {
  return columns.map((column, index) => ({
    key: column.key,
    read: ({ first, accumulators }) => {
      if (column.kind === 'aggregate') return accumulators[index]?.result();
      return first === undefined ? undefined : column.read(first);
    },
  }));
}

/** Equal for equal values; the types of the values are told apart, and so is undefined. */
function groupKey<Row>(groupBy: readonly Read<Row>[], row: Row): string {
  return groupBy.map((read) => canonicalText(read(row))).join();
}

/** JSON with sorted keys, since the order of an object's members says nothing; nothing at all for undefined. */
function canonicalText(value: Value): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(canonicalText).join()}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalText(value[name])}`);
  return `{${members.join()}}`;
}
