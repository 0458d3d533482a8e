import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { areCertificatesUsable, makeCertificates, type ServerCertificates } from '../hub/index.ts';

/** The server certificate and its key, for other servers of this machine that clients of the hub shall trust: an Azurite. */
const FOR_OTHERS = { certificate: 'localhost.pem', key: 'localhost-key.pem' } as const;

/**
 * The certificates of a folder: made at the first start, made anew when a name was added or they are about to expire. The
 * authority stays, so that whoever trusts it goes on trusting it. The files are readable by the user alone.
 */
export async function certificatesOf(
  home: string,
  names: readonly string[],
  nowMs: number,
): Promise<ServerCertificates> {
  const file = join(home, 'certificates.json');
  const stored = readStored(file);
  const others = [join(home, FOR_OTHERS.certificate), join(home, FOR_OTHERS.key)] as const;
  const isUsable = stored !== undefined && areCertificatesUsable(stored, names, nowMs);
  if (isUsable && others.every((path) => existsSync(path))) return stored;
  const made = isUsable ? stored : await makeCertificates(names, nowMs, stored);
  replaceFile(file, JSON.stringify(made));
  replaceFile(others[0], made.certificate);
  replaceFile(others[1], made.key);
  return made;
}

/** Whole or not at all. */
function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.${process.pid}.tmp`, text, { mode: 0o600 });
  renameSync(`${file}.${process.pid}.tmp`, file);
}

/** A file that is not there or was damaged is replaced. */
function readStored(file: string): ServerCertificates | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isCertificates(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isCertificates(value: unknown): value is ServerCertificates {
  if (typeof value !== 'object' || value === null) return false;
  const members = new Map<string, unknown>(Object.entries(value));
  return ['caCertificate', 'caKey', 'certificate', 'key'].every((name) => typeof members.get(name) === 'string');
}
