import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { areCertificatesUsable, makeCertificates, type ServerCertificates } from '../hub/index.ts';

/**
 * The certificates of a folder: made at the first start, made anew when a name was added or they are about to expire. The
 * authority stays, so that whoever trusts it goes on trusting it. The file is readable by the user alone.
 */
export async function certificatesOf(
  home: string,
  names: readonly string[],
  nowMs: number,
): Promise<ServerCertificates> {
  const file = join(home, 'certificates.json');
  const stored = readStored(file);
  if (stored !== undefined && areCertificatesUsable(stored, names, nowMs)) return stored;
  const made = await makeCertificates(names, nowMs, stored);
  writeFileSync(`${file}.${process.pid}.tmp`, JSON.stringify(made), { mode: 0o600 });
  renameSync(`${file}.${process.pid}.tmp`, file);
  return made;
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
