import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../operations/authorization.ts';

const MAX_CHAIN = 10;
const MAX_REMEMBERED = 1_000;

/** Intermediates by leaf: a resumed TLS session brings the leaf alone. What is remembered proves nothing, it is checked each time. */
const remembered = new Map<string, readonly Buffer[]>();

/** What the client of a TLS connection showed of itself: its certificate, with those in between that it sent. */
export function clientCertificateOf(socket: TLSSocket): ClientCertificate | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return undefined;
  return { der: leaf.raw, intermediates: remember(leaf.fingerprint256, issuersOf(leaf)) };
}

function issuersOf(leaf: X509Certificate): Buffer[] {
  const issuers: Buffer[] = [];
  for (let issuer = leaf.issuerCertificate; issuer !== undefined && issuers.length < MAX_CHAIN;) {
    issuers.push(issuer.raw);
    issuer = issuer.issuerCertificate;
  }
  return issuers;
}

function remember(leaf: string, issuers: readonly Buffer[]): readonly Buffer[] {
  if (issuers.length === 0) return remembered.get(leaf) ?? issuers;
  remembered.set(leaf, issuers);
  const [oldest] = remembered.keys();
  if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  return issuers;
}
