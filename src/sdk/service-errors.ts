import type { ServiceHub } from '../config/index.ts';
import { type ExitName, ProgramError } from '../terminal/index.ts';
import { findCodeByName } from './service-codes.ts';
import { findRefusal, type ServiceRefusal } from './service-refusal.ts';

/** What was being done when it failed: it is what makes a message worth reading. */
export interface ServiceCall {
  readonly hub: ServiceHub;
  /** Completes "cannot …": `read the twin of "pump-1"`. */
  readonly doing: string;
  readonly deviceId?: string;
  /** Whether it changes something: then it matters whether a call whose answer was lost was carried out. */
  readonly changes?: boolean;
}

/** The hub asks for patience (HTTP 429). It did nothing, so anything may be sent again. */
export class Throttled extends ProgramError {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { code: string; retryAfterMs?: number; hint?: string; cause: unknown }) {
    super('failed', options.code, message, { hint: options.hint, cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The network failed a call. */
export class HubLost extends ProgramError {
  /** Whether the request may have reached the hub: then nobody knows whether it was done. */
  readonly mayBeDone: boolean;
  /** Whether something was there and went away, rather than nothing. */
  readonly wasCut: boolean;

  constructor(
    message: string,
    options: { code: string; hint: string; mayBeDone: boolean; wasCut: boolean; cause: unknown },
  ) {
    super('noHub', options.code, message, { hint: options.hint, cause: options.cause });
    this.mayBeDone = options.mayBeDone;
    this.wasCut = options.wasCut;
  }
}

/** An error of the SDK as ours: exit code, the hub's code name, what to do. A ProgramError stays what it is. */
export function fromServiceError(error: unknown, call: ServiceCall): ProgramError {
  if (error instanceof ProgramError) return error;
  const refusal = findRefusal(error);
  return refusal === undefined ? fromNetworkError(error, call) : fromRefusal(refusal, call, error);
}

function fromRefusal(refusal: ServiceRefusal, call: ServiceCall, cause: unknown): ProgramError {
  const meaning = findCodeByName(refusal.code);
  const number = meaning === undefined ? '' : ` ${meaning.number}`;
  const message = `cannot ${call.doing}: ${wording(refusal, call)} (${refusal.code}${number})`;
  const hint = hintFor(refusal, call) ?? meaning?.remedy.replace('<deviceId>', call.deviceId ?? '<deviceId>');
  if (refusal.status === 429) {
    const { retryAfterMs } = refusal;
    return new Throttled(message, {
      code: refusal.code,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(hint === undefined ? {} : { hint }),
      cause,
    });
  }
  return new ProgramError(exitFor(refusal, meaning?.exit), refusal.code, message, {
    hint,
    trackingId: refusal.trackingId,
    cause,
  });
}

/** The hub often repeats its code where a text should be; then our own words are better. */
function wording(refusal: ServiceRefusal, call: ServiceCall): string {
  switch (refusal.code) {
    case 'DeviceNotFound':
      return call.deviceId === undefined ? 'there is no such device' : `there is no device "${call.deviceId}"`;
    case 'DeviceNotOnline':
      return `device "${call.deviceId ?? ''}" is not connected or does not listen for direct methods`;
    case 'GatewayTimeout':
      return `device "${call.deviceId ?? ''}" did not answer in time`;
    case 'DeviceAlreadyExists':
      return `there is a device "${call.deviceId ?? ''}" already`;
    case 'PreconditionFailed':
      return 'it was changed in between, the etag is stale';
    case 'IotHubUnauthorizedAccess':
      return `the hub ${call.hub.connection.hostName} refused the credentials of policy "${call.hub.connection.sharedAccessKeyName}"`;
    case 'IotHubUnauthorized':
      return `policy "${call.hub.connection.sharedAccessKeyName}" lacks the permission`;
    default:
      return refusal.message;
  }
}

function hintFor(refusal: ServiceRefusal, call: ServiceCall): string | undefined {
  switch (refusal.code) {
    case 'DeviceNotOnline':
      return startOrWait(call.deviceId ?? '<deviceId>');
    case 'IotHubUnauthorizedAccess':
      return `check the key in ${call.hub.source}: it may have been renewed; and the clock of this machine`;
    default:
      return isProxyAnswer(refusal) ? 'a proxy answered instead of the hub: check HTTPS_PROXY and NO_PROXY' : undefined;
  }
}

function startOrWait(deviceId: string): string {
  return `start it (sim-device -d ${deviceId}), or wait for it: hub-admin wait ${deviceId} "connectionState = 'Connected'"`;
}

/** A hub has a code for what it refuses; a gateway on the way has a status alone. */
function isProxyAnswer(refusal: ServiceRefusal): boolean {
  return refusal.code === `Http${refusal.status}` && (refusal.status === 407 || refusal.status === 502);
}

/** Over a limit is 1, a malformed value is 2; IoT Hub has one code for both, only its words tell them apart. */
const OVER_A_LIMIT = /\b(limit|too (large|big|long|many|deep)|exceed|maximum|larger than|longer than)/i;

function exitFor(refusal: ServiceRefusal, known: ExitName | undefined): ExitName {
  if (refusal.status === 400 && OVER_A_LIMIT.test(refusal.message)) return 'failed';
  if (known !== undefined) return known;
  if (isProxyAnswer(refusal)) return 'noHub';
  if (refusal.status === 400) return 'wrongCall';
  if (refusal.status === 401 || refusal.status === 403) return 'refused';
  if (refusal.status === 404) return 'notFound';
  return refusal.status === 408 || refusal.status === 504 ? 'timedOut' : 'failed';
}

/** Node's and TLS's codes for a hub that was never reached, each with what to do. */
const NETWORK = {
  ENOTFOUND: ['the name does not exist', 'check HostName in the connection string, and the network'],
  EAI_AGAIN: ['the name cannot be looked up', 'check the network and its name server'],
  ECONNREFUSED: ['nothing listens there', 'check that the hub runs, and its port'],
  ECONNRESET: ['the connection was cut', 'try again; a proxy or a firewall may be in the way'],
  ETIMEDOUT: ['it does not answer', 'check the network; a firewall may be in the way'],
  EHOSTUNREACH: ['there is no way to it', 'check the network'],
  ENETUNREACH: ['there is no network', 'check the network'],
  EPROTO: ['it does not speak TLS', 'check the port'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another name',
    'check HostName; a local hub takes more names with --hostname',
  ],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'check the clock of this machine'],
} as const satisfies Record<string, readonly [string, string]>;

const UNTRUSTED =
  /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_UNTRUSTED)$/;

function fromNetworkError(error: unknown, call: ServiceCall): ProgramError {
  const code = errorCode(error);
  const where = `${call.hub.connection.hostName}:${call.hub.address.httpsPort}`;
  const known = code === undefined ? undefined : knownFailure(code);
  if (known === undefined && !isSystemError(error)) throw error;
  const [what, remedy] = known ?? [error instanceof Error ? error.message : String(error), 'check the network'];
  const mayBeDone = (known === undefined || isCut(code)) && !wasNeverSent(error);
  const uncertain = mayBeDone && call.changes === true;
  return new HubLost(
    `cannot reach the hub at ${where}: ${what} (${code ?? ''})${uncertain ? `; it was asked to ${call.doing}, and may have done it` : ''}`,
    {
      code: code ?? 'HubUnreachable',
      hint: uncertain
        ? `look whether it was done before you repeat it (the hub comes from: ${call.hub.source})`
        : `${remedy} (the hub comes from: ${call.hub.source})`,
      mayBeDone,
      wasCut: isCut(code),
      cause: error,
    },
  );
}

/** A connection that was there and went away. */
function isCut(code: string | undefined): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT';
}

/** Node says of the connection, and of a TLS handshake that was not finished, that they failed before any request. */
function wasNeverSent(error: unknown): boolean {
  if (error instanceof AggregateError) return true; // of all addresses of a name
  if (!(error instanceof Error)) return false;
  const syscall: unknown = Reflect.get(error, 'syscall');
  return syscall === 'connect' || syscall === 'getaddrinfo' || error.message.includes('before secure TLS connection');
}

function knownFailure(code: string): readonly [string, string] | undefined {
  if (UNTRUSTED.test(code)) {
    return [
      'its certificate is signed by nobody this machine trusts',
      'for a local hub of another TANDEM_HOME set NODE_EXTRA_CA_CERTS as hub-admin hub env prints it; behind a company proxy, to its CA',
    ];
  }
  return Object.entries(NETWORK).find(([name]) => name === code)?.[1];
}

/** `localhost` has two addresses, so Node wraps what happened at each in an AggregateError without a message (sdk-traps.md, 6). */
function errorCode(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Failures of sockets and TLS have a code; anything else that comes without an answer is a bug, ours or the SDK's. */
function isSystemError(error: unknown): boolean {
  return errorCode(error) !== undefined;
}
