import { isJsonObject, ownMember, type JsonValue } from '../model/json.ts';
import { printPath } from './print.ts';
import { QuerySyntaxError } from './query-syntax-error.ts';
import { SOURCE_RULES, type QuerySource, type Read } from './source.ts';
import type { Path } from './syntax-tree.ts';

/**
 * The names from the root of a row down: without the source's name in front, the root property in canonical case.
 * Names below the root are case-sensitive and stay as written.
 *
 * @throws QuerySyntaxError when the path names another source, or a source and no property
 */
export function resolvePath<Row>(text: string, path: Path, source: QuerySource<Row>): readonly string[] {
  const [root = '', ...below] = withoutSourceName(text, path, source);
  return [canonicalRoot(root, source), ...below];
}

function withoutSourceName<Row>(text: string, path: Path, source: QuerySource<Row>): readonly string[] {
  const { segments, span } = path;
  if (segments[0]?.toLowerCase() !== 'devices') return segments;
  const prefix = SOURCE_RULES[source.name].prefixes
    .map((name) => name.split('.'))
    .find((names) => names.every((name, index) => segments[index]?.toLowerCase() === name));
  const rest = segments.slice(prefix?.length ?? 0);
  const [next = ''] = rest;
  const isOtherSource = prefix === undefined || (rest.length > 1 && /^(modules|jobs)$/i.test(next));
  if (isOtherSource) {
    const reads = `this query reads ${source.name} and nothing is joined to it`;
    throw new QuerySyntaxError(text, span, `${printPath(path)} is no property of ${source.name}: ${reads}`);
  }
  if (rest.length === 0) {
    throw new QuerySyntaxError(text, span, `${printPath(path)} names a source: expected a property behind it`);
  }
  return rest;
}

function canonicalRoot<Row>(root: string, source: QuerySource<Row>): string {
  if (Object.hasOwn(source.members, root)) return root;
  const wanted = root.toLowerCase();
  return Object.keys(source.members).find((name) => name.toLowerCase() === wanted) ?? root;
}

/** A path's name for indexes: equal for the same property and for no other. */
export function pathKey(segments: readonly string[]): string {
  return printPath({ segments });
}

/**
 * A function that reads this property of a row, by the accessor that leads furthest and a walk down from there.
 * A root that the source does not have reads as undefined.
 */
export function readPath<Row>(segments: readonly string[], source: QuerySource<Row>): Read<Row> {
  const exact = accessor(source.members, segments.length, segments);
  if (exact !== undefined) return exact;
  for (let length = segments.length - 1; length > 0; length -= 1) {
    const outer = accessor(source.within, length, segments) ?? accessor(source.members, length, segments);
    if (outer !== undefined) return walk(outer, segments.slice(length));
  }
  return () => undefined;
}

/** The accessor whose dotted name is the first `length` segments; a segment with a dot in it is never two. */
function accessor<Row>(
  table: Readonly<Record<string, Read<Row>>> | undefined,
  length: number,
  segments: readonly string[],
): Read<Row> | undefined {
  const start = segments.slice(0, length);
  if (table === undefined || start.some((segment) => segment.includes('.'))) return undefined;
  const name = start.join('.');
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Names that an object or an array may have without owning them, and an array's own: these are looked up with care. */
function isInherited(name: string): boolean {
  return name in Object.prototype || name in Array.prototype || /^\d+$/.test(name);
}

/** Unrolled for the usual depths: a loop over names costs a full scan a third more. */
function walk<Row>(outer: Read<Row>, names: readonly string[]): Read<Row> {
  if (names.some(isInherited)) return walkWithCare(outer, names);
  const [a = '', b = '', c = ''] = names;
  if (names.length === 1) return (row) => plainMember(outer(row), a);
  if (names.length === 2) return (row) => plainMember(plainMember(outer(row), a), b);
  if (names.length === 3) return (row) => plainMember(plainMember(plainMember(outer(row), a), b), c);
  return walk(walk(outer, [a, b, c]), names.slice(3));
}

/** Right for names that are on no prototype: an array has none of them. */
function plainMember(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, JsonValue | undefined>>)[name]
    : undefined;
}

function walkWithCare<Row>(outer: Read<Row>, names: readonly string[]): Read<Row> {
  return (row) => {
    let value = outer(row);
    for (const name of names) {
      if (!isJsonObject(value)) return undefined;
      value = ownMember(value, name);
    }
    return value;
  };
}
