import type { IncomingHttpHeaders } from 'node:http';
import { parseIfMatch, type Precondition } from '../../model/etag.ts';
import type { Target } from '../../model/identifiers.ts';
import type { Permission } from '../../model/shared-access-policy.ts';
import type { Hub } from '../../hub.ts';

/** A request that was let in, its body parsed. */
export interface HttpCall {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON; undefined for an empty body. */
  readonly body: unknown;
}

export interface HttpAnswer {
  /** Default 200. */
  readonly status?: number;
  /** Sent as JSON; undefined = no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation of the service API. */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** A find-my-way pattern; matched without regard to case. */
  readonly path: string;
  /** The caller's policy must have one of them; 'open' needs no token, 'owner' that of the owner policy. */
  readonly permissions: readonly [Permission, ...Permission[]] | 'open' | 'owner';
  /** How refusals are written; the default is A. @see service-protocol.md, 3.1 */
  readonly dialect?: 'A' | 'B';
  run(hub: Hub, call: HttpCall): HttpAnswer | Promise<HttpAnswer>;
}

/** A path parameter that the pattern guarantees. */
export function param(call: HttpCall, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}

/** The device, or the module where the path names one. */
export function targetOf(call: HttpCall): Target {
  const deviceId = param(call, 'deviceId');
  return call.params['moduleId'] === undefined ? { deviceId } : { deviceId, moduleId: call.params['moduleId'] };
}

export function ifMatch(call: HttpCall): Precondition {
  return parseIfMatch(call.headers['if-match']);
}
