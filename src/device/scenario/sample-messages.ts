import type { JsonObject, JsonValue } from '../../sdk/device-link.ts';
import type { Scenario } from './scenario.ts';

/** The first messages of each stream of one device, as they will be sent when nothing intervenes. */
export function sampleMessages(scenario: Scenario, index: number, count: number): JsonObject {
  const now = Date.now();
  const streams = scenario.streams(index).map((stream) => {
    const everyMs = stream.everyMs ?? 0;
    const messages = Array.from({ length: count }, (_, at): JsonValue => {
      const moment = { number: at + 1, elapsedMs: (at + 1) * everyMs, now: now + (at + 1) * everyMs };
      const properties = stream.properties?.(moment);
      return { body: stream.body(moment), ...(properties !== undefined && { properties }) };
    });
    return [stream.name, messages] as const;
  });
  return Object.fromEntries(streams);
}
