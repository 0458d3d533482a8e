import { createHash, X509Certificate } from 'node:crypto';
import type { Authentication, X509Thumbprint } from '../model/authentication.ts';
import { isInDate, leadsToAuthority, type PresentedChain } from '../model/certificate.ts';
import { HubError } from '../model/hub-error.ts';
import { targetKey, type Target } from '../model/identifiers.ts';
import {
  coversResource,
  isSignedWith,
  parseSasToken,
  tokenEndMs,
  unauthorized,
  type SasToken,
} from '../model/sas-token.ts';
import type { Permission, SharedAccessPolicy } from '../model/shared-access-policy.ts';
import type { HubContext } from './hub-context.ts';

/** What a device or module shows to prove who it is. */
export type DeviceCredential =
  { kind: 'token'; token: string } | { kind: 'certificate'; certificate: ClientCertificate };

/** The leaf of a TLS client's chain, and what stood between it and its authority. */
export interface ClientCertificate {
  readonly der: Buffer;
  readonly intermediates: readonly Buffer[];
}

/** A proven device or module. */
export interface AuthenticatedDevice {
  readonly target: Target;
  /** When the credential ends and the connection with it; Infinity for a certificate. */
  readonly endsMs: number;
  /** Whose key it was: the device's own, its module's, or a policy's. */
  readonly scope: 'device' | 'module' | 'hub';
  readonly type: 'sas' | 'x509';
}

/** A proven service. */
export interface AuthorizedService {
  readonly policyName: string;
  readonly endsMs: number;
}

/** A token whose signature was good: services send the same one with each request, and an HMAC costs as much as the rest. */
interface KnownToken {
  readonly token: SasToken;
  readonly policy: SharedAccessPolicy;
}

const MAX_KNOWN_TOKENS = 100;

/** Checks tokens, keys, certificates and permissions, in the order of device-protocol.md, 2.2. */
export class Authorization {
  readonly #context: HubContext;
  readonly #known = new Map<string, KnownToken>();

  constructor(context: HubContext) {
    this.#context = context;
  }

  /**
   * Lets a service in.
   *
   * @param header  the `Authorization` header, a CBS token, or a SASL password; undefined when there was none
   * @param anyOf   permissions of which the policy must have one
   * @param path    segments of the resource below the host, decoded
   * @throws HubError IotHubUnauthorizedAccess for a bad token, IotHubUnauthorized for a policy without the permission
   */
  authorizeService(
    header: string | undefined,
    anyOf: readonly Permission[],
    path: readonly string[],
  ): AuthorizedService {
    if (header === undefined) throw new HubError('IotHubUnauthorized', 'the Authorization header is missing');
    const { token, policy } = this.#knownToken(header) ?? this.#verifyServiceToken(header);
    this.#checkScopeAndExpiry(token, path);
    if (!anyOf.some((permission) => policy.permissions.includes(permission))) {
      throw new HubError('IotHubUnauthorized', `the policy '${policy.name}' does not have ${anyOf.join(' or ')}`);
    }
    return { policyName: policy.name, endsMs: this.#endMs(token) };
  }

  /**
   * Lets a device or module in.
   *
   * @throws HubError IotHubUnauthorizedAccess for anything wrong with the credential or an unknown target, DeviceDisabled
   */
  authenticateDevice(target: Target, credential: DeviceCredential): AuthenticatedDevice {
    const device = this.#context.devices.get(target.deviceId);
    const identity = target.moduleId === undefined ? device : this.#context.modules.get(targetKey(target));
    if (device === undefined || identity === undefined) throw unauthorized();
    const proven =
      credential.kind === 'token'
        ? this.#checkDeviceToken(target, parseSasToken(credential.token), identity.authentication)
        : this.#checkCertificate(target, credential.certificate, identity.authentication);
    if (device.status === 'disabled') throw new HubError('DeviceDisabled', `device '${target.deviceId}' is disabled`);
    return proven;
  }

  /** A policy with its keys, for whoever runs the hub. */
  policy(name: string): SharedAccessPolicy {
    const policy = this.#context.policies.get(name);
    if (policy === undefined) throw new Error(`the hub has no policy ${name}`);
    return policy;
  }

  #checkDeviceToken(target: Target, token: SasToken, authentication: Authentication): AuthenticatedDevice {
    const path = targetPath(target);
    const proof = { target, endsMs: this.#endMs(token), type: 'sas' as const };
    if (token.policyName !== undefined) {
      const policy = this.#verifyPolicy(token);
      this.#checkScopeAndExpiry(token, path);
      if (!policy.permissions.includes('DeviceConnect')) throw unauthorized();
      return { ...proof, scope: 'hub' };
    }
    if (authentication.type !== 'sas') throw unauthorized();
    const { primaryKey, secondaryKey } = authentication.symmetricKey;
    if (!isSignedWith(token, [primaryKey, secondaryKey])) throw unauthorized();
    this.#checkScopeAndExpiry(token, path, path.length);
    return { ...proof, scope: target.moduleId === undefined ? 'device' : 'module' };
  }

  /** As long as its policy, keys included, is the very same. */
  #knownToken(header: string): KnownToken | undefined {
    const known = this.#known.get(header);
    return known !== undefined && this.#context.policies.get(known.policy.name) === known.policy ? known : undefined;
  }

  #verifyServiceToken(header: string): KnownToken {
    const token = parseSasToken(header);
    const verified = { token, policy: this.#verifyPolicy(token) };
    this.#known.set(header, verified);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN_TOKENS && oldest !== undefined) this.#known.delete(oldest);
    return verified;
  }

  /** Dates are in the client's time, as tokens' are. device-protocol.md, 2.3 */
  #checkCertificate(
    target: Target,
    { der, intermediates }: ClientCertificate,
    authentication: Authentication,
  ): AuthenticatedDevice {
    const nowMs = this.#context.now() - this.#context.clock.aheadMs;
    if (!this.#isKnown(target, { leaf: der, intermediates }, authentication, nowMs)) throw unauthorized();
    return { target, endsMs: Infinity, scope: target.moduleId === undefined ? 'device' : 'module', type: 'x509' };
  }

  #isKnown(target: Target, chain: PresentedChain, authentication: Authentication, nowMs: number): boolean {
    switch (authentication.type) {
      case 'selfSigned':
        return (
          hasThumbprint(Buffer.from(chain.leaf), authentication.x509Thumbprint) &&
          isInDate(new X509Certificate(chain.leaf), nowMs)
        );
      case 'certificateAuthority': {
        const verified = [...this.#context.certificates.values()].filter(({ isVerified }) => isVerified);
        return leadsToAuthority(chain, targetKey(target), verified, nowMs);
      }
      case 'sas':
      case 'none':
        return false;
    }
  }

  #verifyPolicy(token: SasToken): SharedAccessPolicy {
    const policy = token.policyName === undefined ? undefined : this.#context.policies.get(token.policyName);
    if (policy === undefined || !isSignedWith(token, [policy.primaryKey, policy.secondaryKey])) throw unauthorized();
    return policy;
  }

  #checkScopeAndExpiry(token: SasToken, path: readonly string[], minSegments = 0): void {
    if (!coversResource(token, this.#context.hostNames, path, minSegments)) throw unauthorized();
    if (this.#context.now() > this.#endMs(token)) throw unauthorized();
  }

  /** In the hub's time: from now on an advance of the clock brings the end nearer. */
  #endMs(token: SasToken): number {
    return this.#context.clock.ofClient(tokenEndMs(token));
  }
}

function targetPath(target: Target): readonly string[] {
  const path = ['devices', target.deviceId];
  return target.moduleId === undefined ? path : [...path, 'modules', target.moduleId];
}

function hasThumbprint(der: Buffer, { primaryThumbprint, secondaryThumbprint }: X509Thumbprint): boolean {
  const known = [primaryThumbprint, secondaryThumbprint].flatMap((text) => (text === null ? [] : [text.toLowerCase()]));
  return ['sha1', 'sha256'].some((hash) => known.includes(createHash(hash).update(der).digest('hex')));
}
