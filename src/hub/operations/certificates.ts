import {
  certificateDocument,
  checkAuthority,
  checkCertificateName,
  isProof,
  MAX_CA_CERTIFICATES,
  parseCertificate,
  type CaCertificate,
} from '../model/certificate.ts';
import { HubError } from '../model/hub-error.ts';
import { isJsonObject, ownMember, type JsonObject } from '../model/json.ts';
import type { HubContext } from './hub-context.ts';

/** An authority that whoever runs the hub vouches for. */
export interface TrustedAuthority {
  readonly name: string;
  readonly pem: string;
}

const VERIFICATION_CODE_BYTES = 24;

/** Authorities of device certificates. Azure keeps these outside of IoT Hub's own interface, in its management one. */
export class Certificates {
  readonly #context: HubContext;

  constructor(context: HubContext) {
    this.#context = context;
  }

  list(): JsonObject[] {
    return [...this.#context.certificates.values()].map(certificateDocument);
  }

  /** @throws HubError NotFound */
  document(name: string): JsonObject {
    return certificateDocument(this.#get(name));
  }

  /**
   * Registers an authority, or replaces one. It has to be verified unless the caller vouches for it.
   *
   * @param body `{certificate, isVerified?}`
   * @throws HubError ArgumentInvalid, ArgumentNull, IotHubQuotaExceeded for the 26th
   */
  async put(name: string, body: unknown): Promise<JsonObject> {
    checkCertificateName(name);
    const members: JsonObject = isJsonObject(body) ? body : {};
    const pem = checkAuthority(parseCertificate(ownMember(members, 'certificate'))).toString();
    const isVerified = ownMember(members, 'isVerified') === true;
    return certificateDocument(await this.#put(name, { pem, isVerified, verificationCode: '' }));
  }

  /** Registers authorities that are vouched for; what is there already stays as it is. */
  async trust(authorities: readonly TrustedAuthority[]): Promise<void> {
    for (const { name, pem } of authorities) {
      const certificate = checkAuthority(parseCertificate(pem)).toString();
      const before = this.#context.certificates.get(checkCertificateName(name));
      if (before?.pem === certificate && before.isVerified) continue;
      await this.#put(name, { pem: certificate, isVerified: true, verificationCode: '' });
    }
  }

  /** @throws HubError NotFound */
  async delete(name: string): Promise<void> {
    await this.#context.store.change(() => {
      this.#get(name);
      this.#context.certificates.delete(name);
    });
  }

  /** Makes up the code that the subject of the proof must be. @throws HubError NotFound */
  async newVerificationCode(name: string): Promise<JsonObject> {
    const { pem, isVerified } = this.#get(name);
    const verificationCode = this.#context.randomBytes(VERIFICATION_CODE_BYTES).toString('hex').toUpperCase();
    return certificateDocument(await this.#put(name, { pem, isVerified, verificationCode }));
  }

  /**
   * Takes a certificate that the authority's key signed for the verification code.
   *
   * @throws HubError NotFound, ArgumentInvalid when it proves nothing
   */
  async verify(name: string, body: unknown): Promise<JsonObject> {
    const authority = this.#get(name);
    const proof = parseCertificate(isJsonObject(body) ? ownMember(body, 'certificate') : undefined);
    if (!isProof(authority, proof)) {
      throw new HubError(
        'ArgumentInvalid',
        `the certificate must have the verification code as its CN and be signed by '${name}'`,
      );
    }
    return certificateDocument(await this.#put(name, { pem: authority.pem, isVerified: true, verificationCode: '' }));
  }

  #put(name: string, change: Pick<CaCertificate, 'pem' | 'isVerified' | 'verificationCode'>): Promise<CaCertificate> {
    const { store, certificates, now } = this.#context;
    return store.change(() => {
      const before = certificates.get(name);
      if (before === undefined && certificates.size >= MAX_CA_CERTIFICATES) {
        throw new HubError('IotHubQuotaExceeded', `the hub has ${MAX_CA_CERTIFICATES} authorities already`);
      }
      const authority: CaCertificate = {
        name,
        ...change,
        createdMs: before?.createdMs ?? now(),
        updatedMs: now(),
        etagCounter: (before?.etagCounter ?? 0) + 1,
      };
      certificates.put(name, authority);
      return authority;
    });
  }

  #get(name: string): CaCertificate {
    const authority = this.#context.certificates.get(name);
    if (authority === undefined) throw new HubError('NotFound', `there is no certificate '${name}'`);
    return authority;
  }
}
