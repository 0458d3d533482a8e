import type { IncomingHttpHeaders } from 'node:http';
import { parseIfMatch, type Precondition } from '../../model/etag.ts';
import type { Target } from '../../model/identifiers.ts';
import type { Permission } from '../../model/shared-access-policy.ts';
import type { Hub } from '../../hub.ts';
import type { AuthenticatedDevice } from '../../operations/authorization.ts';

/** A request that was let in. */
interface Call {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Headers as they came, name and value in turn: names of application properties keep their case. */
  readonly rawHeaders: readonly string[];
}

/** A request whose body is JSON. */
export interface HttpCall extends Call {
  /** The parsed JSON; undefined for an empty body. */
  readonly body: unknown;
}

/** A request whose body is a message. */
export interface BytesCall extends Call {
  readonly body: Buffer;
}

/** A request of a proven device. */
export interface DeviceCall extends BytesCall {
  readonly device: AuthenticatedDevice;
}

export interface HttpAnswer {
  /** Default 200. */
  readonly status?: number;
  /** A Buffer is sent as it is, anything else as JSON; undefined = no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Operation {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** A find-my-way pattern; matched without regard to case. */
  readonly path: string;
  /** How refusals are written; the default is A. @see service-protocol.md, 3.1 */
  readonly dialect?: 'A' | 'B';
}

/** The caller's policy must have one of them; 'open' needs no token, 'owner' that of the owner policy. */
type ServicePermissions = readonly [Permission, ...Permission[]] | 'open' | 'owner';

/** An operation of the service API. */
export interface Route extends Operation {
  readonly permissions: ServicePermissions;
  run(hub: Hub, call: HttpCall): HttpAnswer | Promise<HttpAnswer>;
}

/** An operation of the service API whose body is a message. */
export interface BytesRoute extends Operation {
  readonly permissions: ServicePermissions;
  /** The largest body; larger ones are refused before they are read to the end. */
  readonly maxBytes: number;
  run(hub: Hub, call: BytesCall): HttpAnswer | Promise<HttpAnswer>;
}

/** An operation of the device API: the device of the path, by its token or certificate. */
export interface DeviceRoute extends Operation {
  readonly permissions: 'device';
  readonly maxBytes: number;
  run(hub: Hub, call: DeviceCall): HttpAnswer | Promise<HttpAnswer>;
}

/** One operation over HTTPS. */
export type AnyRoute = Route | BytesRoute | DeviceRoute;

/** A path parameter that the pattern guarantees. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}

/** The device, or the module where the path names one. */
export function targetOf(call: Call): Target {
  const deviceId = param(call, 'deviceId');
  return call.params['moduleId'] === undefined ? { deviceId } : { deviceId, moduleId: call.params['moduleId'] };
}

export function ifMatch(call: Call): Precondition {
  return parseIfMatch(call.headers['if-match']);
}

/** A request header; an empty one counts as absent. */
export function headerOf(call: Call, name: string): string | undefined {
  const value = call.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
