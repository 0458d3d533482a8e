import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember, type JsonValue } from './json.ts';
import {
  DEFAULT_RESPONSE_TIMEOUT_SECONDS,
  MAX_CONNECT_TIMEOUT_SECONDS,
  MAX_METHOD_NAME_CHARS,
  MAX_METHOD_PAYLOAD_BYTES,
  MAX_RESPONSE_TIMEOUT_SECONDS,
  MIN_RESPONSE_TIMEOUT_SECONDS,
} from './limits.ts';
import { Buffer } from 'node:buffer';

export interface DirectMethodRequest {
  readonly methodName: string;
  /** The payload as JSON text; undefined when the caller sent none, which reaches the device as an empty body. */
  readonly payload: string | undefined;
  readonly responseTimeoutMs: number;
  /** How long to wait for a device that is away; 0 = it must be there now. */
  readonly connectTimeoutMs: number;
}

export interface DirectMethodResponse {
  readonly status: number;
  readonly payload: JsonValue;
}

/**
 * Checks the body of an invocation.
 *
 * @throws HubError ArgumentNull without a name, ArgumentInvalid for a value outside its range, MessageTooLarge over 128 KB
 * @see service-protocol.md, "Direct methods"
 */
export function parseDirectMethodRequest(body: unknown): DirectMethodRequest {
  if (!isJsonObject(body)) throw new HubError('ArgumentInvalid', 'the body must be a JSON object with methodName');
  const payload = ownMember(body, 'payload');
  const text = payload === undefined ? undefined : JSON.stringify(payload);
  if (text !== undefined && Buffer.byteLength(text) > MAX_METHOD_PAYLOAD_BYTES) {
    throw new HubError('MessageTooLarge', `the payload is larger than ${MAX_METHOD_PAYLOAD_BYTES} bytes`);
  }
  return {
    methodName: checkMethodName(ownMember(body, 'methodName')),
    payload: text,
    responseTimeoutMs:
      1000 *
      seconds(body, 'responseTimeoutInSeconds', {
        min: MIN_RESPONSE_TIMEOUT_SECONDS,
        max: MAX_RESPONSE_TIMEOUT_SECONDS,
        fallback: DEFAULT_RESPONSE_TIMEOUT_SECONDS,
      }),
    connectTimeoutMs:
      1000 * seconds(body, 'connectTimeoutInSeconds', { min: 0, max: MAX_CONNECT_TIMEOUT_SECONDS, fallback: 0 }),
  };
}

function checkMethodName(name: JsonValue | undefined): string {
  if (name === undefined || name === null || name === '') throw new HubError('ArgumentNull', 'methodName is missing');
  if (typeof name !== 'string') throw new HubError('ArgumentInvalid', 'methodName must be a string');
  if (name.length > MAX_METHOD_NAME_CHARS) {
    throw new HubError('ArgumentInvalid', `methodName is longer than ${MAX_METHOD_NAME_CHARS} characters`);
  }
  return name;
}

function seconds(
  body: Parameters<typeof ownMember>[0],
  name: string,
  range: { min: number; max: number; fallback: number },
): number {
  const value = ownMember(body, name) ?? range.fallback;
  if (typeof value !== 'number' || !(value >= range.min && value <= range.max)) {
    throw new HubError(
      'ArgumentInvalid',
      `${name} must be from ${range.min} to ${range.max} seconds, got ${JSON.stringify(value)}`,
    );
  }
  return value;
}

/**
 * Reads a device's answer: JSON, or nothing at all, which the caller sees as null.
 *
 * @throws HubError BadDeviceResponse for a body that is no JSON or too large, or a status that is no whole number
 */
export function parseMethodAnswer(status: string | number, body: Buffer): DirectMethodResponse {
  const number = typeof status === 'number' ? status : /^-?\d{1,9}$/.test(status) ? Number(status) : NaN;
  if (!Number.isInteger(number))
    throw new HubError('BadDeviceResponse', `the device answered with the status '${status}', not a whole number`);
  if (body.length > MAX_METHOD_PAYLOAD_BYTES) {
    throw new HubError('BadDeviceResponse', `the device answered with more than ${MAX_METHOD_PAYLOAD_BYTES} bytes`);
  }
  if (body.length === 0) return { status: number, payload: null };
  try {
    return { status: number, payload: JSON.parse(body.toString('utf8')) as JsonValue };
  } catch (error) {
    throw new HubError('BadDeviceResponse', 'the device answered with something that is not JSON', { cause: error });
  }
}
