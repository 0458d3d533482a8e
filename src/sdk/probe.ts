import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { isIP } from 'node:net';

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  /** The name that the certificate must be for. */
  readonly hostName: string;
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a TLS handshake showed. */
export interface ProbeResult {
  /** Milliseconds to an open TCP connection. */
  readonly tcpMs: number;
  /** Milliseconds to the end of the handshake. */
  readonly tlsMs: number;
  readonly certificate: DetailedPeerCertificate;
  /** Why the certificate is not trusted, as OpenSSL says it; undefined when it is. */
  readonly distrust: string | undefined;
}

/**
 * Connects to a TLS port and hangs up. Says first-hand what the SDKs hide (sdk-traps.md, 6). A certificate that is not trusted is
 * no failure here.
 *
 * @throws the socket's error, with its `code`; `ETIMEDOUT` when the time is up
 */
export async function probeTls(target: ProbeTarget): Promise<ProbeResult> {
  const { host, port, hostName, ca, timeoutMs, signal } = target;
  const begun = performance.now();
  let tcpMs = 0;
  const socket = connect({
    host,
    port,
    servername: isIP(hostName) === 0 ? hostName : 'localhost',
    rejectUnauthorized: false,
    ...(ca === undefined ? {} : { ca }),
  });
  socket.once('connect', () => (tcpMs = performance.now() - begun));
  const abort = (): void => void socket.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  signal.addEventListener('abort', abort, { once: true });
  socket.setTimeout(timeoutMs, () => socket.destroy(timedOut(host, port)));
  try {
    await secured(socket);
    const certificate = socket.getPeerCertificate(true);
    return { tcpMs, tlsMs: performance.now() - begun, certificate, distrust: distrustOf(socket) };
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(coded('ECONNRESET', 'the connection was closed')));
  });
}

function distrustOf(socket: TLSSocket): string | undefined {
  if (socket.authorized) return undefined;
  // Its type says Error; what stands there is the code of OpenSSL, or of Node where the name does not fit.
  const reason: unknown = socket.authorizationError;
  if (typeof reason === 'string') return reason;
  const code: unknown = reason instanceof Error ? Reflect.get(reason, 'code') : undefined;
  return typeof code === 'string' ? code : String(reason);
}

function timedOut(host: string, port: number): Error {
  return coded('ETIMEDOUT', `${host}:${port} does not answer`);
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
