import { Buffer } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { decimalEtag } from './etag.ts';
import { HubError } from './hub-error.ts';
import type { JsonObject } from './json.ts';
import { formatTimestamp } from './timestamps.ts';

/** An authority whose device certificates the hub takes, once somebody has proved to hold its key. */
export interface CaCertificate {
  readonly name: string;
  readonly pem: string;
  readonly isVerified: boolean;
  /** What the subject of the proof must be; '' when none was asked for. */
  readonly verificationCode: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly etagCounter: number;
}

export const MAX_CA_CERTIFICATES = 25;
const MAX_CHAIN = 10;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** @throws HubError ArgumentInvalid */
export function checkCertificateName(name: string): string {
  if (NAME.test(name)) return name;
  throw new HubError('ArgumentInvalid', `a certificate's name is 1 to 64 of A-Z a-z 0-9 . _ -, got '${name}'`);
}

/**
 * Reads a certificate: PEM, or base64 of PEM or DER, as Azure's own interface takes it.
 *
 * @throws HubError ArgumentNull, ArgumentInvalid
 */
export function parseCertificate(value: unknown): X509Certificate {
  if (value === undefined || value === null || value === '')
    throw new HubError('ArgumentNull', 'certificate is missing');
  if (typeof value !== 'string') throw new HubError('ArgumentInvalid', 'certificate must be a string');
  try {
    return new X509Certificate(value.includes('-----BEGIN') ? value : Buffer.from(value, 'base64'));
  } catch (error) {
    throw new HubError('ArgumentInvalid', 'certificate is neither PEM nor base64 of a certificate', { cause: error });
  }
}

/** @throws HubError ArgumentInvalid for a certificate that may not sign others */
export function checkAuthority(certificate: X509Certificate): X509Certificate {
  if (certificate.ca) return certificate;
  throw new HubError(
    'ArgumentInvalid',
    'the certificate is not one of an authority: its basic constraints do not say CA',
  );
}

/** Whether somebody holds the authority's key: it signed a certificate whose subject is the code that the hub made up. */
export function isProof(authority: CaCertificate, proof: X509Certificate): boolean {
  const { verificationCode } = authority;
  return verificationCode !== '' && commonName(proof) === verificationCode && isIssuedBy(proof, read(authority));
}

/** A device's certificate with the intermediates that it sent. */
export interface PresentedChain {
  readonly leaf: Uint8Array;
  readonly intermediates: readonly Uint8Array[];
}

/**
 * Whether a chain leads from a leaf with this name to one of the authorities, everything in it being valid now.
 *
 * @param name the subject's CN: the device id, exactly
 * @param authorities those that were verified, by what they sign
 * @see device-protocol.md, 2.3
 */
export function leadsToAuthority(
  chain: PresentedChain,
  name: string,
  authorities: readonly CaCertificate[],
  nowMs: number,
): boolean {
  const leaf = new X509Certificate(chain.leaf);
  if (commonName(leaf) !== name || !isInDate(leaf, nowMs)) return false;
  const usable = (certificate: X509Certificate): boolean => certificate.ca && isInDate(certificate, nowMs);
  const anchors = authorities.map(read).filter(usable);
  const intermediates = chain.intermediates.map((der) => new X509Certificate(der)).filter(usable);
  let current: X509Certificate | undefined = leaf;
  for (let steps = 0; current !== undefined && steps < MAX_CHAIN; steps += 1) {
    const subject: X509Certificate = current;
    if (anchors.some((anchor) => isIssuedBy(subject, anchor))) return true;
    current = intermediates.find((candidate) => !candidate.raw.equals(subject.raw) && isIssuedBy(subject, candidate));
  }
  return false;
}

/** Whether a certificate's dates allow it now. */
export function isInDate(certificate: X509Certificate, nowMs: number): boolean {
  return Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo);
}

/** The certificate as it is shown, in the words of Azure's management interface. */
export function certificateDocument(authority: CaCertificate): JsonObject {
  const certificate = read(authority);
  return {
    name: authority.name,
    properties: {
      subject: commonName(certificate) ?? '',
      expiry: new Date(Date.parse(certificate.validTo)).toUTCString(),
      thumbprint: certificate.fingerprint.replaceAll(':', ''),
      isVerified: authority.isVerified,
      created: formatTimestamp(authority.createdMs),
      updated: formatTimestamp(authority.updatedMs),
      ...(authority.verificationCode === '' ? {} : { verificationCode: authority.verificationCode }),
      certificate: Buffer.from(authority.pem, 'utf8').toString('base64'),
    },
    etag: decimalEtag(authority.etagCounter),
  };
}

function read({ pem }: CaCertificate): X509Certificate {
  return new X509Certificate(pem);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The one CN of the subject; undefined when there is none, or more than one. */
function commonName(certificate: X509Certificate): string | undefined {
  const subject: unknown = certificate.toLegacyObject().subject;
  const name: unknown = typeof subject === 'object' && subject !== null ? Reflect.get(subject, 'CN') : undefined;
  return typeof name === 'string' ? name : undefined;
}
