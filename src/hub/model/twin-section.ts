import { isJsonObject, ownMember, setMember, type JsonObject, type JsonValue } from './json.ts';

/**
 * Desired or reported properties: what they are, how often they changed, and when each changed.
 *
 * `metadata` mirrors `values`: every object and leaf has `$lastUpdated`, in desired properties `$lastUpdatedVersion` too
 * once it was written; an array is one leaf. @see device-protocol.md, 6.4
 */
export interface TwinSection {
  readonly values: JsonObject;
  readonly version: number;
  readonly metadata: JsonObject;
}

/** What is written beside each value that an update touches. */
export interface Stamp {
  readonly $lastUpdated: string;
  readonly $lastUpdatedVersion?: number;
}

export const FIRST_SECTION_VERSION = 1;

export function newSection(time: string): TwinSection {
  return { values: {}, version: FIRST_SECTION_VERSION, metadata: { $lastUpdated: time } };
}

/**
 * Merges a patch: objects merge, `null` removes, everything else replaces. Counts as an update even when nothing differs.
 *
 * @param patch checked against twin-limits.ts by the caller
 * @param stampVersion whether `$lastUpdatedVersion` is kept: desired properties only
 * @returns a new section; `section` is left as it was
 */
export function patchSection(
  section: TwinSection,
  patch: JsonObject,
  time: string,
  stampVersion: boolean,
): TwinSection {
  const version = section.version + 1;
  const stamp = newStamp(time, version, stampVersion);
  return {
    values: mergeValues(section.values, patch),
    version,
    metadata: mergeMetadata(section.metadata, patch, stamp),
  };
}

/** Replaces all values; members that are `null` are dropped. */
export function replaceSection(
  section: TwinSection,
  values: JsonObject,
  time: string,
  stampVersion: boolean,
): TwinSection {
  const version = section.version + 1;
  return {
    values: withoutNulls(values),
    version,
    metadata: newMetadata(values, newStamp(time, version, stampVersion)),
  };
}

/** The merge rule of twins, for tags too, which have neither versions nor metadata. */
export function mergeValues(values: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = { ...values };
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) Reflect.deleteProperty(merged, key);
    else setMember(merged, key, mergeValue(ownMember(values, key), change));
  }
  return merged;
}

/** A copy without the object members that are `null`, at any depth outside arrays. */
export function withoutNulls(values: JsonObject): JsonObject {
  return mergeValues({}, values);
}

function mergeValue(before: JsonValue | undefined, change: JsonValue): JsonValue {
  return isJsonObject(change) ? mergeValues(isJsonObject(before) ? before : {}, change) : change;
}

function newStamp(time: string, version: number, stampVersion: boolean): Stamp {
  return stampVersion ? { $lastUpdated: time, $lastUpdatedVersion: version } : { $lastUpdated: time };
}

/** Stamps every touched leaf and all its ancestors; siblings keep their stamps, removed keys lose theirs. */
function mergeMetadata(metadata: JsonObject, patch: JsonObject, stamp: Stamp): JsonObject {
  const merged: Record<string, JsonValue> = { ...metadata, ...stamp };
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) {
      Reflect.deleteProperty(merged, key);
      continue;
    }
    const before = ownMember(metadata, key);
    const node = isJsonObject(change) ? mergeMetadata(isJsonObject(before) ? before : {}, change, stamp) : { ...stamp };
    setMember(merged, key, node);
  }
  return merged;
}

function newMetadata(values: JsonObject, stamp: Stamp): JsonObject {
  return mergeMetadata({}, values, stamp);
}
