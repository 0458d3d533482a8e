import type { ServerResponse } from 'node:http';
import { HubError } from '../../model/hub-error.ts';
import { errorBody, newTrackingId } from '../error-body.ts';
import type { HttpAnswer } from './route.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const BYTES_TYPE = 'application/octet-stream';

export function sendAnswer(response: ServerResponse, requestId: string, answer: HttpAnswer): void {
  send(response, answer.status ?? 200, { ...answer.headers, 'x-ms-request-id': requestId }, answer.body);
}

export interface FailedRequest {
  readonly requestId: string;
  readonly error: unknown;
  readonly dialect: 'A' | 'B';
  readonly nowMs: number;
}

/** Writes a refusal in the dialect of its operation; anything but a HubError is our fault and a 500 without details. */
export function sendError(response: ServerResponse, { requestId, error, dialect, nowMs }: FailedRequest): void {
  const refusal =
    error instanceof HubError ? error : new HubError('ServerError', 'the hub failed: its own log says why');
  const headers = {
    'x-ms-request-id': requestId,
    'iothub-errorcode': refusal.code,
    ...(refusal.retryAfterSeconds === undefined ? {} : { 'retry-after': String(refusal.retryAfterSeconds) }),
    // What was not read of a refused body must not be taken for the next request.
    ...(refusal.code === 'MessageTooLarge' ? { connection: 'close' } : {}),
  };
  send(
    response,
    refusal.status,
    headers,
    dialect === 'A' ? dialectA(refusal, requestId, nowMs) : dialectB(refusal, nowMs),
  );
}

/** @see service-protocol.md, 3.1; in the registry's bodies the tracking id is the request id without dashes */
function dialectA(error: HubError, requestId: string, nowMs: number): object {
  return {
    Message: `ErrorCode:${error.code};${error.message}`,
    ExceptionMessage: `Tracking ID:${newTrackingId(nowMs, requestId.replaceAll('-', ''))}`,
  };
}

/** An unknown device comes in dialect A even here: the Node SDK then names it DeviceNotFoundError. */
function dialectB(error: HubError, nowMs: number): object {
  if (error.code === 'DeviceNotFound') return dialectA(error, newTrackingId(nowMs).slice(0, 32), nowMs);
  return { Message: JSON.stringify(errorBody(error, nowMs)), ExceptionMessage: '' };
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  const content = contentOf(body);
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': Buffer.isBuffer(body) ? BYTES_TYPE : JSON_TYPE }),
    ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(content) }),
    vary: 'Origin',
    ...headers,
  });
  response.end(content);
}

function contentOf(body: unknown): string | Buffer {
  if (Buffer.isBuffer(body)) return body;
  return body === undefined ? '' : JSON.stringify(body);
}
