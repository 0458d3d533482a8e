import type { DetailedPeerCertificate } from 'node:tls';
import { type Check, found, skipped } from './finding.ts';

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

/** Whether the certificate of the hub is trusted, and how long it is good for. */
export const checkTls: Check = ({ https, hub, proxied }) => {
  if (https === undefined || hub === undefined) {
    return skipped('tls', proxied === true ? 'the proxy makes the connection' : 'the HTTPS port cannot be reached');
  }
  const { certificate, distrust } = https;
  const chain = chainOf(certificate);
  const validTo = new Date(certificate.valid_to);
  const details = { chain, validTo: validTo.toISOString(), distrust: distrust ?? null };
  if (distrust !== undefined) {
    const message = `the certificate of ${hub.address.hostName} is not trusted (${distrust}); its chain is ${chain.join(' < ')}`;
    return found(
      { check: 'tls', status: 'failed', message, fix: fixOf(distrust), exit: 'noHub', details },
      { reachable: false },
    );
  }
  const days = Math.floor((validTo.getTime() - Date.now()) / DAY_MS);
  const message = `trusted, signed by ${chain[1] ?? chain[0] ?? '?'}, good for ${days} days`;
  const status = days < SOON_DAYS ? 'warning' : 'ok';
  return found({ check: 'tls', status, message, details });
};

function fixOf(distrust: string): string {
  switch (distrust) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return 'set the clock of this machine; if it is right, the certificate of the hub has to be renewed';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'the certificate is for another name: check HostName; a local hub takes more names with --hostname';
    default:
      return 'trust its authority: NODE_EXTRA_CA_CERTS=<file with its certificate, PEM>; for a local hub of another TANDEM_HOME as hub-admin hub env prints it, behind a company proxy the certificate of that';
  }
}

/** Subject of the certificate, then of who signed it, and so on; one that was not sent appears as the name of the issuer. */
function chainOf(certificate: DetailedPeerCertificate): string[] {
  const names: string[] = [];
  const seen = new Set<string>();
  // Where the chain ends without its root Node has nothing to go on with, whatever the type says.
  let each: Partial<DetailedPeerCertificate> | undefined = certificate;
  while (each?.subject !== undefined && !seen.has(each.fingerprint256 ?? '')) {
    seen.add(each.fingerprint256 ?? '');
    names.push(nameOf(each.subject));
    if (each.issuerCertificate === undefined && each.issuer !== undefined) names.push(nameOf(each.issuer));
    each = each.issuerCertificate;
  }
  return names;
}

function nameOf({ CN, O }: { CN?: string | string[]; O?: string | string[] }): string {
  const name = CN ?? O ?? '?';
  return typeof name === 'string' ? name : name.join(', ');
}
