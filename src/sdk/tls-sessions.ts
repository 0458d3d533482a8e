import type { TLSSocket } from 'node:tls';

/** A hub takes a session for five minutes (OpenSSL's standard); a fresh one is asked for well before. */
const FRESH_MS = 60_000;

interface Kept {
  readonly session: Buffer;
  readonly since: number;
}

/**
 * The last TLS session with each server, for the next connection to it: a handshake without certificates, which are most of
 * its work on both sides. All connections that share one must present the same credentials to TLS, so there is none for
 * devices with a certificate. A server that does not know the session any more does the whole handshake.
 */
export class TlsSessions {
  readonly #kept = new Map<string, Kept>();

  /** @param server as `host:port` */
  for(server: string): Buffer | undefined {
    return this.#kept.get(server)?.session;
  }

  /** Learns the session of a connection that is being made, where the one that is known grows old. */
  learn(server: string, socket: TLSSocket): void {
    const kept = this.#kept.get(server);
    if (kept !== undefined && performance.now() - kept.since < FRESH_MS) return;
    socket.once('session', (session) => this.#kept.set(server, { session, since: performance.now() }));
  }
}
