import type { JsonObject, JsonValue } from './device-link.ts';

/** An object as JSON knows them: not null, not an array. What came out of `JSON.parse` has only JSON inside. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy of what an SDK hands out: its objects carry functions (`reported.update`) and are changed under our hands. */
export function toJsonObject(value: unknown): JsonObject {
  const text = JSON.stringify(value) as string | undefined; // undefined for functions and undefined, whatever its type says
  const copy: unknown = text === undefined ? undefined : JSON.parse(text);
  return isJsonObject(copy) ? copy : {};
}

/** @throws SyntaxError */
export function parseJson(text: string): JsonValue {
  const value: JsonValue = JSON.parse(text); // eslint-disable-line @typescript-eslint/no-unsafe-assignment -- JSON.parse makes nothing but JSON
  return value;
}
