import type { IncomingMessage } from 'node:http';
import { HubError } from '../../model/hub-error.ts';

/** 100 devices of a bulk call with full twins fit. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * Reads a request's body as JSON, whatever its content type says; undefined when it is empty.
 *
 * @throws HubError IotHubFormatError for a body that is no JSON, MessageTooLarge over 16 MB
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  return parseJson(await readBody(request, MAX_BODY_BYTES));
}

/** The JSON of a body; undefined for an empty one. @throws HubError IotHubFormatError */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new HubError('IotHubFormatError', 'the body is not valid JSON', { cause: error });
  }
}

/**
 * By events: an async iterator would end the connection of a body that is too large before the refusal is written, and
 * costs twice as much.
 *
 * @throws HubError MessageTooLarge, or ArgumentInvalid when the client goes away in the middle
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else reject(new HubError('MessageTooLarge', `the body is larger than ${maxBytes} bytes`));
    });
    request.on('end', () => {
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    request.on('error', (cause) => {
      reject(new HubError('ArgumentInvalid', 'the request ended before its body did', { cause }));
    });
  });
}
