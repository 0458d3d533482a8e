import { digitalTwinDocument } from './digital-twin.ts';
import { isJsonObject, ownMember, type JsonObject, type JsonValue } from './json.ts';
import type { Twin } from './twin.ts';

const METADATA = '$metadata';
const DTDL_MODEL = '/$metadata/$model';

/**
 * What changed in a twin as Plug and Play shows it: a JSON Patch (RFC 6902), in each object its metadata first, as it was recorded
 * of the service. Empty when nothing did, and for a twin without a model.
 */
export function digitalTwinChanges(before: Twin, after: Twin): JsonObject[] {
  if (after.modelId === '') return [];
  const patch = objectChanges('', digitalTwinDocument(before), digitalTwinDocument(after));
  // The model of a device that had none is replaced as well, as documented.
  return patch.map((change) => (change['path'] === DTDL_MODEL ? { ...change, op: 'replace' } : change));
}

/** Into metadata and components; the value of a property is replaced as a whole. */
function objectChanges(path: string, before: JsonObject, after: JsonObject): JsonObject[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  names.sort((a, b) => Number(b === METADATA) - Number(a === METADATA));
  return names.flatMap((name) =>
    memberChanges(`${path}/${escapeName(name)}`, ownMember(before, name), ownMember(after, name)),
  );
}

function memberChanges(path: string, before: JsonValue | undefined, after: JsonValue | undefined): JsonObject[] {
  if (after === undefined) return before === undefined ? [] : [{ op: 'remove', path }];
  if (before === undefined) return [{ op: 'add', path, value: after }];
  if (isJsonObject(before) && isJsonObject(after) && isDescribed(path, after)) {
    return objectChanges(path, before, after);
  }
  return isSame(before, after) ? [] : [{ op: 'replace', path, value: after }];
}

/** Whether an object is metadata, or has some. What a service asked for stands in metadata and is a value. */
function isDescribed(path: string, value: JsonObject): boolean {
  if (path.endsWith('/desiredValue')) return false;
  return path.split('/').includes(METADATA) || ownMember(value, METADATA) !== undefined;
}

function isSame(a: JsonValue, b: JsonValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** RFC 6901 §3 */
function escapeName(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
