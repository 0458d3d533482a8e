import { isJsonObject } from '../sdk/device-json.ts';
import type { DeviceTwin, JsonObject, JsonValue } from '../sdk/device-link.ts';

/** Objects merge, null removes, everything else replaces: device-protocol.md, 6.2. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    const before = merged[name];
    if (value === null)
      delete merged[name]; // eslint-disable-line @typescript-eslint/no-dynamic-delete -- a JSON object, not a class
    else merged[name] = isJsonObject(value) ? mergePatch(isJsonObject(before) ? before : {}, value) : value;
  }
  return merged;
}

/** The `$version` of a section or patch; 0 where there is none. */
export function versionOf(section: JsonObject): number {
  const version = section['$version'];
  return typeof version === 'number' ? version : 0;
}

/** The patch without what the hub adds. */
export function withoutVersion(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith('$')));
}

/** The device's own copy of its twin, kept in step with what the hub sends and accepts. */
export class TwinMirror {
  #twin: DeviceTwin = { desired: {}, reported: {} };

  get twin(): DeviceTwin {
    return this.#twin;
  }

  replace(twin: DeviceTwin): void {
    this.#twin = twin;
  }

  /** @returns false when the twin that was read holds the patch already: nothing is changed */
  desired(patch: JsonObject): boolean {
    if (versionOf(patch) <= versionOf(this.#twin.desired)) return false;
    this.#twin = { ...this.#twin, desired: mergePatch(this.#twin.desired, patch) };
    return true;
  }

  reported(patch: JsonObject): void {
    this.#twin = { ...this.#twin, reported: mergePatch(this.#twin.reported, patch) };
  }
}
