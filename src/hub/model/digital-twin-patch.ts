import { COMPONENT_MARK, isComponent } from './digital-twin.ts';
import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember, setMember, type JsonObject, type JsonValue } from './json.ts';
import type { Twin } from './twin.ts';

const OPERATIONS = ['add', 'replace', 'remove'] as const;

interface PatchOperation {
  readonly op: (typeof OPERATIONS)[number];
  /** Two names at most: a property, a component, or a property of a component. */
  readonly names: readonly [string] | readonly [string, string];
  readonly value: JsonValue;
}

/**
 * Reads a JSON Patch of a digital twin as the patch of desired properties that it means.
 *
 * @throws HubError ArgumentInvalid for anything but add, replace and remove of a property or component; for the replacement or
 *   removal of what is not there
 */
export function parseDigitalTwinPatch(body: unknown, twin: Twin): JsonObject {
  if (!Array.isArray(body)) throw invalid('the body must be a JSON Patch: an array of operations');
  const patch: Record<string, JsonValue> = {};
  for (const item of body as readonly unknown[]) addOperation(patch, parseOperation(item), twin);
  return patch;
}

function parseOperation(item: unknown): PatchOperation {
  if (!isJsonObject(item)) throw invalid('each operation must be a JSON object');
  const op = OPERATIONS.find((known) => known === ownMember(item, 'op'));
  if (op === undefined) {
    throw invalid(`op must be add, replace or remove, got ${JSON.stringify(ownMember(item, 'op') ?? null)}`);
  }
  const value = ownMember(item, 'value');
  if (op !== 'remove' && value === undefined) throw invalid(`${op} needs a value`);
  return { op, names: parsePath(ownMember(item, 'path')), value: op === 'remove' ? null : (value ?? null) };
}

function parsePath(path: JsonValue | undefined): PatchOperation['names'] {
  if (typeof path !== 'string' || !path.startsWith('/'))
    throw invalid('path must be a JSON pointer such as /component/name');
  const [first = '', second, ...rest] = path
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (first === '' || second === '' || first.startsWith('$') || rest.length > 0) {
    throw invalid(`'${path}' is neither a property, nor a component, nor a property of one`);
  }
  return second === undefined ? [first] : [first, second];
}

function addOperation(patch: Record<string, JsonValue>, { op, names, value }: PatchOperation, twin: Twin): void {
  const [first, second] = names;
  const before = ownMember(twin.desired.values, first);
  const known = [before, ownMember(twin.reported.values, first)];
  if (op !== 'add' && !isThere(known, second) && !isThere([ownMember(patch, first)], second)) {
    throw invalid(`/${names.join('/')} is not there to be ${op === 'remove' ? 'removed' : 'replaced'}`);
  }
  if (second !== undefined) setMember(patch, first, changeWithin(patch, names as [string, string], value, known));
  else setMember(patch, first, isWholeComponent(value, known) ? wholeComponent(before, value) : value);
}

/** A property of a component, or a member of an object that the device has reported without the mark. */
function changeWithin(
  patch: JsonObject,
  [first, second]: readonly [string, string],
  value: JsonValue,
  known: readonly (JsonValue | undefined)[],
): JsonObject {
  const inner = ownMember(patch, first);
  const isPlainObject = known.some((object) => isJsonObject(object)) && !known.some((object) => isComponent(object));
  const changed: Record<string, JsonValue> = {
    ...(isPlainObject ? {} : { [COMPONENT_MARK]: 'c' }),
    ...(isJsonObject(inner) ? inner : {}),
  };
  setMember(changed, second, value);
  return changed;
}

/** A component that is added carries `$metadata`. */
function isWholeComponent(value: JsonValue, known: readonly (JsonValue | undefined)[]): value is JsonObject {
  return isJsonObject(value) && (Object.hasOwn(value, '$metadata') || known.some((object) => isComponent(object)));
}

function wholeComponent(before: JsonValue | undefined, { $metadata: _metadata, ...values }: JsonObject): JsonObject {
  const gone = isJsonObject(before) ? Object.keys(before).map((name) => [name, null] as const) : [];
  return { ...Object.fromEntries(gone), ...values, [COMPONENT_MARK]: 'c' };
}

function isThere(objects: readonly (JsonValue | undefined)[], name: string | undefined): boolean {
  if (name === undefined) return objects.some((object) => object !== undefined && object !== null);
  return objects.some((object) => isJsonObject(object) && ownMember(object, name) !== undefined);
}

function invalid(message: string): HubError {
  return new HubError('ArgumentInvalid', message);
}
