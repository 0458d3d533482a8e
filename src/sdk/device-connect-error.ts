import { ProgramError } from '../terminal/program-error.ts';

/** What the sockets below the SDK said, gathered first-hand: the SDK itself keeps only text (sdk-traps.md, 6). */
export interface SocketEvidence {
  /** When the hub answered and said no: its words. */
  readonly refusal: { readonly text: string; readonly isTemporary: boolean } | undefined;
  readonly error: NodeJS.ErrnoException | undefined;
}

export interface Dialled {
  readonly host: string;
  readonly port: number;
  readonly hostName: string;
  readonly deviceId: string;
}

interface Wording {
  readonly code: string;
  readonly text: string;
  readonly hint: string;
}

const BY_ERROR_CODE: Readonly<Record<string, Wording>> = {
  ECONNREFUSED: {
    code: 'ConnectionRefused',
    text: 'nothing listens there',
    hint: 'check that the hub runs and that the host name and port in the connection string are right',
  },
  ENOTFOUND: {
    code: 'HostNotFound',
    text: 'no such host',
    hint: 'check HostName in the connection string and the network',
  },
  EAI_AGAIN: { code: 'HostNotFound', text: 'the name server does not answer', hint: 'check the network' },
  ETIMEDOUT: { code: 'HubUnreachable', text: 'no answer', hint: 'check the network, firewalls and HTTPS_PROXY' },
  EHOSTUNREACH: { code: 'HubUnreachable', text: 'no route to the host', hint: 'check the network' },
  ENETUNREACH: { code: 'HubUnreachable', text: 'no network', hint: 'check the network' },
};

/** A certificate is judged by OpenSSL's verdicts, which Node passes on as error codes. */
const UNTRUSTED = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT|INVALID_CA|HOSTNAME_MISMATCH|CERTIFICATE_)/;

/**
 * Words a failed connect: exit `refused` when the hub refused the credentials, otherwise `noHub`.
 *
 * @param error what the SDK or our own deadline threw, kept as the cause
 */
export function connectError(error: unknown, evidence: SocketEvidence, dialled: Dialled): ProgramError {
  const { refusal } = evidence;
  if (refusal?.isTemporary === true)
    return unreachable('HubUnavailable', 'it is not available now', 'try again later', error, dialled);
  if (refusal !== undefined) return refused(refusal.text, error, dialled);
  const code = errorCode(evidence.error) ?? '';
  const wording = BY_ERROR_CODE[code];
  if (wording !== undefined) return unreachable(wording.code, wording.text, wording.hint, error, dialled);
  if (UNTRUSTED.test(code)) {
    const hint = `have the hub's root certificate trusted: NODE_EXTRA_CA_CERTS names a file of roots`;
    return unreachable('UntrustedCertificate', `its certificate is not trusted (${code})`, hint, error, dialled);
  }
  const text = evidence.error?.message ?? (error instanceof Error ? error.message : String(error));
  return unreachable(
    'HubUnreachable',
    text === '' ? 'the connection was closed' : text,
    'check the network',
    error,
    dialled,
  );
}

/** device-protocol.md, 3.2: over MQTT the hub answers 5 to every refused CONNECT, whatever the reason. */
function refused(text: string, cause: unknown, { hostName, deviceId }: Dialled): ProgramError {
  return new ProgramError(
    'refused',
    'IotHubUnauthorizedAccess',
    `${hostName} refused the credentials of device "${deviceId}" (${text})`,
    {
      hint: `check that the device exists, is enabled, and that the key or certificate is its own: hub-admin device show ${deviceId}`,
      cause,
    },
  );
}

function unreachable(code: string, text: string, hint: string, cause: unknown, { host, port }: Dialled): ProgramError {
  return new ProgramError('noHub', code, `cannot reach the hub at ${host}:${port}: ${text}`, { hint, cause });
}

/** `localhost` with two addresses gives an AggregateError: its first member has the code. */
function errorCode(error: NodeJS.ErrnoException | undefined): string | undefined {
  if (error?.code !== undefined) return error.code;
  if (error instanceof AggregateError) {
    const first: unknown = error.errors[0];
    return first instanceof Error && 'code' in first && typeof first.code === 'string' ? first.code : undefined;
  }
  return undefined;
}
