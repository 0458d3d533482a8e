import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

export interface IssuedCertificate {
  readonly pem: string;
  /** PEM. */
  readonly key: string;
}

/** An authority of a test's own that issues whatever it is asked for. */
export class TestAuthority implements IssuedCertificate {
  readonly pem: string;
  readonly key: string;
  readonly #certificate: x509.X509Certificate;
  readonly #privateKey: webcrypto.CryptoKey;

  private constructor(certificate: x509.X509Certificate, privateKey: webcrypto.CryptoKey, key: string) {
    this.#certificate = certificate;
    this.#privateKey = privateKey;
    this.pem = `${certificate.toString('pem')}\n`;
    this.key = key;
  }

  static async make(name = 'Test Root'): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: newSerial(),
      name: `CN=${name}`,
      ...dates(),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    return new TestAuthority(certificate, keys.privateKey, await exportKey(keys.privateKey));
  }

  /** An authority below this one. */
  async intermediate(name: string, validity = dates()): Promise<TestAuthority> {
    const { certificate, keys } = await this.#sign(name, validity, true);
    return new TestAuthority(certificate, keys.privateKey, await exportKey(keys.privateKey));
  }

  async issue(name: string, validity = dates()): Promise<IssuedCertificate> {
    const { certificate, keys } = await this.#sign(name, validity, false);
    return { pem: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
  }

  async #sign(name: string, validity: Validity, isAuthority: boolean) {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject: [{ CN: [name] }],
      issuer: this.#certificate.subject,
      ...validity,
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.#privateKey,
      extensions: [new x509.BasicConstraintsExtension(isAuthority, undefined, true)],
    });
    return { certificate, keys };
  }
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** From so many days from now to so many. */
export function dates(fromDays = -1, toDays = 10): Validity {
  return { notBefore: new Date(Date.now() + fromDays * DAY_MS), notAfter: new Date(Date.now() + toDays * DAY_MS) };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function newSerial(): string {
  return Buffer.from(
    webcrypto.getRandomValues(new Uint8Array(8)).map((byte, i) => (i === 0 ? (byte & 0x7f) | 1 : byte)),
  ).toString('hex');
}
