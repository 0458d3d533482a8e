import { isJsonObject } from '../sdk/device-json.ts';
import type { JsonObject, JsonValue } from '../sdk/device-link.ts';
import { formatDuration, parseDuration } from '../terminal/index.ts';

/** Where a configuration stands in a twin section: at its top, or under `telemetryConfig`. It is reported where it was desired. */
export const PLACES = ['top', 'telemetryConfig'] as const;
export type Place = (typeof PLACES)[number];

/** As desired: `configId` in the type it came in, `sendFrequency` as it was written. */
export interface Configuration {
  readonly configId: JsonValue;
  readonly sendFrequency: JsonValue;
}

export const FIRST_CONFIGURATION: Configuration = { configId: '1', sendFrequency: '24h' };

export type Decision =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'apply'; readonly configuration: Configuration; readonly everyMs: number }
  | {
      readonly kind: 'refuse';
      readonly configId: JsonValue;
      readonly sendFrequency: JsonValue;
      readonly reason: string;
    }
  /** Back to what is in force after a refused or unfinished one: only the status has to be put right. */
  | { readonly kind: 'settle' };

const SHORTEST_MS = 100;
const LONGEST_MS = 366 * 86_400_000;

export function placeIn(section: JsonObject, place: Place): JsonObject {
  if (place === 'top') return section;
  const inner = section['telemetryConfig'];
  return isJsonObject(inner) ? inner : {};
}

/** A patch for one place. */
export function patchOf(place: Place, values: JsonObject): JsonObject {
  return place === 'top' ? values : { telemetryConfig: values };
}

/** Whether a section says anything about a configuration in this place. */
export function mentionsConfiguration(section: JsonObject): boolean {
  return section['configId'] !== undefined || section['sendFrequency'] !== undefined;
}

/**
 * What to do about the desired properties of one place.
 *
 * @param desired  the place in the desired section
 * @param reported the same place as it is reported now
 * @param inForce  what the device works with; what is not desired is taken from it
 */
export function decide(desired: JsonObject, reported: JsonObject, inForce: Configuration): Decision {
  if (!mentionsConfiguration(desired)) return { kind: 'nothing' };
  const { configId = inForce.configId, sendFrequency = inForce.sendFrequency } = desired;
  if (configId === inForce.configId && sendFrequency === inForce.sendFrequency) {
    const settled = reported['status'] === 'Success' && reported['configId'] === configId;
    return settled ? { kind: 'nothing' } : { kind: 'settle' };
  }
  const everyMs = parseSendFrequency(sendFrequency);
  const reason = refusalOf(configId, everyMs, sendFrequency);
  if (everyMs !== undefined && reason === undefined) {
    return { kind: 'apply', configuration: { configId, sendFrequency }, everyMs };
  }
  // It was refused before this connection: saying so again would be news of nothing.
  const told = reported['status'] === 'Error' && reported['configId'] === configId && reported['reason'] === reason;
  return told ? { kind: 'nothing' } : { kind: 'refuse', configId, sendFrequency, reason: reason ?? 'it is malformed' };
}

/** Milliseconds of `5m`, `24h`, `300` or 300 (seconds); undefined when it is no interval or outside 0.1 s to 366 days. */
export function parseSendFrequency(value: JsonValue): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  const ms = typeof text === 'string' ? parseDuration(text.trim()) : undefined;
  return ms !== undefined && ms >= SHORTEST_MS && ms <= LONGEST_MS ? ms : undefined;
}

function refusalOf(configId: JsonValue, everyMs: number | undefined, sendFrequency: JsonValue): string | undefined {
  const isId = typeof configId === 'number' || (typeof configId === 'string' && configId !== '');
  if (!isId) return `configId must be a string or a number, got ${JSON.stringify(configId)}`;
  if (everyMs !== undefined) return undefined;
  const range = `from ${SHORTEST_MS / 1000} s to ${formatDuration(LONGEST_MS)}`;
  return `sendFrequency must be an interval ${range}, such as "5m", "24h" or a number of seconds, got ${JSON.stringify(sendFrequency)}`;
}
