import { LOOPBACK_NAMES, makeCertificates, type ServerCertificates } from '../../src/hub/index.ts';

let made: Promise<ServerCertificates> | undefined;

/** The certificates that all peers use; of the same kind as a local hub's own. */
export function peerCertificates(): Promise<ServerCertificates> {
  made ??= makeCertificates([...LOOPBACK_NAMES], Date.now());
  return made;
}
