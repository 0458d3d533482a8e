import { HubError } from '../model/hub-error.ts';
import { isJsonObject } from '../model/json.ts';

/** Where the next page of a query begins. It names a place among the rows, so writes between pages move nothing. */
export interface Continuation {
  readonly digest: string;
  /** The generation id of the last row that was returned. */
  readonly after: string;
  /** How many results of a TOP are still to come; undefined = no TOP. */
  readonly remaining: number | undefined;
}

export function formatContinuation({ digest, after, remaining }: Continuation): string {
  return Buffer.from(JSON.stringify({ digest, after, remaining })).toString('base64url');
}

/** @throws HubError ArgumentInvalid for a token that is not ours or of another query */
export function parseContinuation(token: string, digest: string): Continuation {
  const value = parseToken(token);
  if (!isJsonObject(value) || typeof value['after'] !== 'string') {
    throw new HubError('ArgumentInvalid', 'x-ms-continuation is not a token of this hub');
  }
  if (value['digest'] !== digest) throw new HubError('ArgumentInvalid', 'x-ms-continuation belongs to another query');
  const remaining = value['remaining'];
  return { digest, after: value['after'], remaining: typeof remaining === 'number' ? remaining : undefined };
}

function parseToken(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as unknown;
  } catch {
    return undefined; // refused by the caller like any other token that is not ours
  }
}
