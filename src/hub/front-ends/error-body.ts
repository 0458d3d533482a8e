import { randomBytes, randomInt } from 'node:crypto';
import type { HubError } from '../model/hub-error.ts';
import type { JsonObject } from '../model/json.ts';
import { formatTimestamp, formatTrackingTime } from '../model/timestamps.ts';

/** Names one failure in bodies and logs: `<32 hex>-G:<n>-TimeStamp:<MM/dd/yyyy HH:mm:ss>`. */
export function newTrackingId(nowMs: number, id = randomBytes(16).toString('hex')): string {
  return `${id}-G:${randomInt(10)}-TimeStamp:${formatTrackingTime(nowMs)}`;
}

/** The error body of twin answers and AMQP descriptions. @see device-protocol.md, 11.1 */
export function errorBody(error: HubError, nowMs: number): JsonObject {
  return {
    errorCode: error.number,
    trackingId: newTrackingId(nowMs),
    message: error.message,
    ...(error.info === undefined ? {} : { info: error.info }),
    timestampUtc: formatTimestamp(nowMs),
  };
}
