import { ProgramError } from '../terminal/program-error.ts';

/** Without a Retry-After of the service's own: its limits are counted by the minute. */
const RETRY_MS = 2000;
const TRANSIENT = new Set([429, 500, 502, 503, 504]);

interface Registering {
  readonly host: string;
  readonly port: number;
  readonly idScope: string;
  readonly registrationId: string;
}

/** How long to wait before the same is tried again; undefined when that cannot help. */
export function retryAfterMs(error: unknown): number | undefined {
  const { status, headers } = responseOf(error);
  if (status === undefined || !TRANSIENT.has(status)) return undefined;
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) && headers['retry-after'] !== undefined ? seconds * 1000 : RETRY_MS;
}

/** Words what the provisioning SDK threw; a ProgramError stays what it is. */
export function provisioningError(error: unknown, { host, port, idScope, registrationId }: Registering): ProgramError {
  if (error instanceof ProgramError) return error;
  const { status, body } = responseOf(error);
  const cause = withoutRequest(error);
  const said = body.message ?? (error instanceof Error ? error.message : String(error));
  if (status === 401 || status === 403 || status === 404) {
    const message = `the provisioning service refused "${registrationId}" of ID scope ${idScope}: ${said}`;
    const hint = 'check the ID scope, that the key is the group key of an enabled enrollment group, and its date';
    return new ProgramError('refused', body.code ?? 'ProvisioningRefused', message, { hint, cause });
  }
  if (status !== undefined || isFailedRegistration(error)) {
    const message = `the provisioning service did not register "${registrationId}": ${body.reason ?? said}`;
    const isDisabled = /disabled/i.test(body.reason ?? said);
    return new ProgramError(isDisabled ? 'refused' : 'failed', body.code ?? 'ProvisioningFailed', message, {
      cause,
    });
  }
  const reason = codeOf(error) ?? said;
  return new ProgramError('noHub', 'ProvisioningUnreachable', `cannot reach ${host}:${port}: ${reason}`, {
    hint: 'check the network, HTTPS_PROXY, and --dps-host',
    cause,
  });
}

/** The SDK's error holds the whole request, token included. */
function withoutRequest(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const copy = new Error(error.message);
  copy.name = error.name;
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}

interface ServiceBody {
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly reason: string | undefined;
}

/** A refusal carries the HTTP response; a registration that failed carries its state as the result. */
function responseOf(error: unknown): {
  status: number | undefined;
  headers: Readonly<Record<string, unknown>>;
  body: ServiceBody;
} {
  const response = member(error, 'response');
  const status = member(response, 'statusCode');
  const headers = member(response, 'headers');
  const state = member(member(error, 'result'), 'registrationState');
  const parsed = parsedBody(member(error, 'responseBody'));
  const code = member(state, 'errorCode') ?? member(parsed, 'errorCode');
  return {
    status: typeof status === 'number' && status >= 400 ? status : undefined,
    headers: isRecord(headers) ? headers : {},
    body: {
      code: typeof code === 'number' ? `Dps${code}` : undefined,
      message: text(member(parsed, 'message')),
      reason: text(member(state, 'errorMessage')) ?? text(member(state, 'status')),
    },
  };
}

function isFailedRegistration(error: unknown): boolean {
  return member(error, 'result') !== undefined && member(error, 'result') !== null;
}

function codeOf(error: unknown): string | undefined {
  return text(member(error, 'code'));
}

function parsedBody(body: unknown): unknown {
  if (typeof body !== 'string') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function member(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
