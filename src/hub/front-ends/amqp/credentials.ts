import type { Hub } from '../../hub.ts';
import { HubError } from '../../model/hub-error.ts';
import type { Target } from '../../model/identifiers.ts';
import { parseSasToken, resourcePath, unauthorized, type SasToken } from '../../model/sas-token.ts';
import type { AuthenticatedDevice, ClientCertificate } from '../../operations/authorization.ts';
import { atTime } from '../deadline.ts';

/** A token that was put on a connection, and what ends with it. */
interface Held {
  readonly token: SasToken;
  readonly text: string;
  readonly cancelExpiry: () => void;
  readonly expiryListeners: Set<() => void>;
}

/** What a link is allowed by; it ends with the credential unless that is renewed. */
export interface Grant {
  /** Calls back when the credential has ended. @returns stops that */
  onExpiry(listener: () => void): () => void;
}

/** One pooled connection of .NET carries this many devices. */
const MAX_TOKENS = 1000;
const ANY_PERMISSION = ['ServiceConnect', 'DeviceConnect', 'RegistryRead', 'RegistryWrite'] as const;
const NEVER_EXPIRES: Grant = { onExpiry: () => () => undefined };

/**
 * What a connection has shown of itself: tokens of any number of devices, modules and policies, and its certificate.
 * A token for the same resource renews the one before. @see device-protocol.md, 8.2
 */
export class Credentials {
  readonly #hub: Hub;
  readonly #certificate: ClientCertificate | undefined;
  readonly #onAllExpired: () => void;
  /** By resource, and policy if any. */
  readonly #held = new Map<string, Held>();

  /** @param onAllExpired the last token has ended, and there is no certificate */
  constructor(hub: Hub, certificate: ClientCertificate | undefined, onAllExpired: () => void) {
    this.#hub = hub;
    this.#certificate = certificate;
    this.#onAllExpired = onAllExpired;
  }

  /**
   * Takes a token, checked at once.
   *
   * @throws HubError IotHubUnauthorizedAccess, DeviceDisabled; IotHubQuotaExceeded for too many on one connection
   */
  put(text: string): void {
    const token = parseSasToken(text);
    const path = resourcePath(token);
    const { authorization } = this.#hub;
    const { endsMs } =
      token.policyName === undefined
        ? authorization.authenticateDevice(deviceOf(path), tokenOf(text))
        : authorization.authorizeService(text, ANY_PERMISSION, path);
    this.#hold({ token, text, endsMs }, heldKey(path, token.policyName));
  }

  /** @throws HubError IotHubUnauthorizedAccess, DeviceDisabled: nothing that was shown speaks for the device */
  authenticateDevice(spellings: readonly Target[]): { device: AuthenticatedDevice; grant: Grant } {
    let refusal = unauthorized();
    for (const target of spellings) {
      try {
        return this.#authenticate(target);
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  /**
   * @param path segments of the resource below the host; undefined = whatever a token speaks of
   * @throws HubError IotHubUnauthorizedAccess, IotHubUnauthorized: no token of a policy with ServiceConnect covers it
   */
  authorizeService(path: readonly string[] | undefined): Grant {
    let refusal = unauthorized();
    for (const held of this.#held.values()) {
      if (held.token.policyName === undefined) continue;
      try {
        this.#hub.authorization.authorizeService(held.text, ['ServiceConnect'], path ?? resourcePath(held.token));
        return grantOf(held);
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  /** The connection has ended. */
  forget(): void {
    for (const held of this.#held.values()) held.cancelExpiry();
    this.#held.clear();
  }

  #authenticate(target: Target): { device: AuthenticatedDevice; grant: Grant } {
    const { authorization } = this.#hub;
    const own = this.#held.get(heldKey(devicePath(target), undefined));
    if (own !== undefined)
      return { device: authorization.authenticateDevice(target, tokenOf(own.text)), grant: grantOf(own) };
    const policy = [...this.#held.values()].find((held) => held.token.policyName !== undefined);
    if (policy !== undefined)
      return { device: authorization.authenticateDevice(target, tokenOf(policy.text)), grant: grantOf(policy) };
    if (this.#certificate === undefined) throw unauthorized();
    const credential = { kind: 'certificate', certificate: this.#certificate } as const;
    return { device: authorization.authenticateDevice(target, credential), grant: NEVER_EXPIRES };
  }

  #hold({ token, text, endsMs }: { token: SasToken; text: string; endsMs: number }, key: string): void {
    const before = this.#held.get(key);
    if (before === undefined && this.#held.size >= MAX_TOKENS) {
      throw new HubError('IotHubQuotaExceeded', `a connection may hold ${MAX_TOKENS} tokens`);
    }
    before?.cancelExpiry();
    const cancelExpiry = atTime(this.#hub.clock.ofClient(endsMs), this.#hub.clock, () => this.#expire(key));
    const expiryListeners = before?.expiryListeners ?? new Set();
    this.#held.set(key, { token, text, cancelExpiry, expiryListeners });
  }

  #expire(key: string): void {
    const held = this.#held.get(key);
    this.#held.delete(key);
    if (this.#held.size === 0 && this.#certificate === undefined) this.#onAllExpired();
    else for (const listener of [...(held?.expiryListeners ?? [])]) listener();
  }
}

/** Whose token it is by its resource: `devices/{id}[/modules/{id}]`. */
function deviceOf(path: readonly string[]): Target {
  const [devices, deviceId, modules, moduleId] = path;
  if (devices?.toLowerCase() !== 'devices' || deviceId === undefined) throw unauthorized();
  return modules?.toLowerCase() === 'modules' && moduleId !== undefined ? { deviceId, moduleId } : { deviceId };
}

function tokenOf(token: string): { kind: 'token'; token: string } {
  return { kind: 'token', token };
}

function grantOf(held: Held): Grant {
  return {
    onExpiry: (listener) => {
      held.expiryListeners.add(listener);
      return () => held.expiryListeners.delete(listener);
    },
  };
}

/** Ids in `sr` are compared without case, since some encoders lower-case the whole URI. */
function heldKey(path: readonly string[], policyName: string | undefined): string {
  return `${path.join('/').toLowerCase()}|${policyName ?? ''}`;
}

function devicePath(target: Target): string[] {
  const path = ['devices', target.deviceId];
  return target.moduleId === undefined ? path : [...path, 'modules', target.moduleId];
}
