import { isIP } from 'node:net';
import { webcrypto, X509Certificate } from 'node:crypto';

/** A certificate authority of this hub's own and the server certificate it signed; all PEM. */
export interface ServerCertificates {
  readonly caCertificate: string;
  readonly caKey: string;
  readonly certificate: string;
  readonly key: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const CA_DAYS = 3650;
// Apple's clients refuse server certificates that live longer than 825 days.
const SERVER_DAYS = 800;
const RENEW_BEFORE_MS = 30 * DAY_MS;
// P-256: a key is made in a millisecond and a handshake costs the server a tenth of RSA-2048's.
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** The local hub's names: every certificate has them. */
export const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'] as const;

/** Whether stored certificates still serve: not about to expire, and good for all the names. */
export function areCertificatesUsable(stored: ServerCertificates, names: readonly string[], nowMs: number): boolean {
  const certificate = new X509Certificate(stored.certificate);
  if (new Date(certificate.validTo).getTime() - nowMs < RENEW_BEFORE_MS) return false;
  if (!certificate.verify(new X509Certificate(stored.caCertificate).publicKey)) return false;
  return names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined);
}

/**
 * Makes a server certificate for the names.
 *
 * @param authority an authority to keep, so that clients that trust it need not be told again; default: a new one
 */
export async function makeCertificates(
  names: readonly string[],
  nowMs: number,
  authority?: Pick<ServerCertificates, 'caCertificate' | 'caKey'>,
): Promise<ServerCertificates> {
  // Loaded here alone: a hub that has its certificates starts without it.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  const ca = authority ?? (await makeAuthority(x509, nowMs));
  const caCertificate = new x509.X509Certificate(ca.caCertificate);
  const caKey = await importKey(x509, ca.caKey);
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: `CN=${names[0] ?? 'localhost'}`,
    issuer: caCertificate.subject,
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + SERVER_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: caKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((name) => ({ type: isIP(name) ? 'ip' : 'dns', value: name }))),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(caCertificate.publicKey),
    ],
  });
  return { ...ca, certificate: certificate.toString('pem'), key: await exportKey(x509, keys.privateKey) };
}

type X509Library = typeof import('@peculiar/x509');
type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

async function makeAuthority(
  x509: X509Library,
  nowMs: number,
): Promise<Pick<ServerCertificates, 'caCertificate' | 'caKey'>> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: 'CN=Tandem local hub CA, O=iothub-tandem',
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + CA_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { caCertificate: certificate.toString('pem'), caKey: await exportKey(x509, keys.privateKey) };
}

function generateKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function exportKey(x509: X509Library, key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function importKey(x509: X509Library, pem: string): Promise<CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, true, ['sign']);
}

/** 16 random bytes as hex; the first bit is clear, since serial numbers are positive. */
function newSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
