import { Buffer } from 'node:buffer';

/** What a caller demands of the stored version. */
export type Precondition = { kind: 'none' } | { kind: 'any' } | { kind: 'etag'; etag: string };

/**
 * Reads an `If-Match` header. Azure's clients send it unquoted, quoted and weak; an empty one counts as absent.
 *
 * @see service-protocol.md, 4.3
 */
export function parseIfMatch(header: string | undefined): Precondition {
  const etag = (header ?? '')
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1');
  if (etag === '') return { kind: 'none' };
  return etag === '*' ? { kind: 'any' } : { kind: 'etag', etag };
}

/** Whether the stored etag satisfies the precondition; `none` and `any` always do. */
export function meetsPrecondition(precondition: Precondition, etag: string): boolean {
  return precondition.kind !== 'etag' || precondition.etag === etag;
}

/** Identity and configuration etags: the base64 of a decimal counter. */
export function decimalEtag(counter: number): string {
  return Buffer.from(String(counter), 'ascii').toString('base64');
}

/** Twin etags: the base64 of a counter as 8 bytes, big-endian. */
export function twinEtag(counter: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(counter));
  return bytes.toString('base64');
}
