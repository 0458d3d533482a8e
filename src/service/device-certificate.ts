import { randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { wrongCall } from '../terminal/index.ts';

/** A certificate that a device signs in with, in files for its owner alone. */
export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** SHA-256, as the hub keeps it: 64 hexadecimal digits in capitals. */
  readonly thumbprint: string;
}

export const CERTIFICATE_DAYS = 365;
const DAY_MS = 86_400_000;
// P-256: every TLS library has it, and a key is made in a millisecond.
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * Makes a self-signed certificate and writes `<deviceId>.cert.pem` and `<deviceId>.key.pem` into `folder`, readable by the
 * user alone. Files that are there already are never overwritten: a lost key cannot be had again.
 *
 * @throws ProgramError `wrongCall` when a file exists or cannot be written
 */
export async function writeDeviceCertificate(deviceId: string, folder: string): Promise<CertificateFiles> {
  const { certificate, key } = await makeSelfSigned(deviceId);
  const base = resolve(folder, fileNameOf(deviceId));
  const files = { certificateFile: `${base}.cert.pem`, keyFile: `${base}.key.pem` };
  await writeNew(files.keyFile, key);
  try {
    await writeNew(files.certificateFile, certificate);
  } catch (error) {
    await rm(files.keyFile, { force: true });
    throw error;
  }
  const thumbprint = new X509Certificate(certificate).fingerprint256.replaceAll(':', '');
  return { ...files, thumbprint };
}

/** For a device that was not registered after all. */
export async function removeDeviceCertificate({ certificateFile, keyFile }: CertificateFiles): Promise<void> {
  await Promise.all([rm(certificateFile, { force: true }), rm(keyFile, { force: true })]);
}

async function makeSelfSigned(deviceId: string): Promise<{ certificate: string; key: string }> {
  // Loaded here alone: no other command needs it.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // The first bit off: a serial number is positive (RFC 5280, 4.1.2.2).
    serialNumber: `0${randomBytes(16).toString('hex').slice(1)}`,
    name: [{ CN: [deviceId] }],
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + CERTIFICATE_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') + '\n',
  };
}

/** Ids may have characters that file systems do not take. */
function fileNameOf(deviceId: string): string {
  return deviceId.replaceAll(/[^A-Za-z0-9._=@#-]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const reason = error instanceof Error ? error.message : String(error);
    throw exists
      ? wrongCall(
          `the file "${file}" exists already`,
          'move it away, name another folder with --cert-dir, or use its certificate with --thumbprint',
        )
      : wrongCall(`the file "${file}" cannot be written: ${reason}`, 'name another folder with --cert-dir');
  }
}
