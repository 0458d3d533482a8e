import { isObject, type JsonObject } from '../sdk/service-documents.ts';
import { printable } from '../terminal/index.ts';

/** A section of a twin without `$metadata` and `$version`: the values that people set and devices report. */
export function valuesOf(section: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(section).filter(([name]) => !name.startsWith('$')));
}

/** A section before and after a change, for people. */
export function renderChange(title: string, before: JsonObject, after: JsonObject): string[] {
  return [title, `  before  ${oneLine(valuesOf(before))}`, `  after   ${oneLine(valuesOf(after))}`];
}

/** JSON on one line, safe for a terminal. */
export function oneLine(value: unknown): string {
  return printable(JSON.stringify(value));
}

/** The value at a path of names; undefined when there is none. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current: unknown = value;
  for (const name of path) {
    if (!isObject(current) || !Object.hasOwn(current, name)) return undefined;
    current = current[name];
  }
  return current;
}

/** Every value of an object that is no object itself, with its path of names; `$metadata` and `$version` left out. */
export function leavesOf(object: JsonObject, prefix: readonly string[] = []): { path: string[]; value: unknown }[] {
  return Object.entries(valuesOf(object)).flatMap(([name, value]) => {
    const path = [...prefix, name];
    return isObject(value) && Object.keys(value).length > 0 ? leavesOf(value, path) : [{ path, value }];
  });
}

/** The paths of all values of several objects, each once. An empty object counts only where none of them has more below it. */
export function pathsOf(...objects: readonly JsonObject[]): string[][] {
  const paths = new Map(objects.flatMap((object) => leavesOf(object)).map(({ path }) => [JSON.stringify(path), path]));
  const parents = new Set(
    [...paths.values()].flatMap((path) => path.map((_, end) => JSON.stringify(path.slice(0, end)))),
  );
  return [...paths].filter(([key]) => !parents.has(key)).map(([, path]) => path);
}

/** Equality of JSON values: order of names does not count, order of items does. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSameJson(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSameJson(a[name], b[name]))
  );
}

/** When the hub says that a property was written last: its `$lastUpdated`, by the hub's clock. */
export function lastUpdated(section: JsonObject, path: readonly string[]): string | undefined {
  const found = valueAt(section['$metadata'], [...path, '$lastUpdated']);
  return typeof found === 'string' ? found : undefined;
}

/** The hub's times have up to seven digits behind the point, zeros dropped: as texts they compare only when filled up. */
export function isNotOlder(time: string, than: string): boolean {
  return filled(time) >= filled(than);
}

function filled(time: string): string {
  const [, seconds = '', fraction = ''] = /^([^.Z]*)(?:\.(\d*))?Z?$/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}
