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

/** @throws HubError MessageTooLarge */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new HubError('MessageTooLarge', `the body is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
