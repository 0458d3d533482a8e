import { newSymmetricKey, type RandomBytes, type SymmetricKey } from './shared-access-key.ts';

export type Permission = 'RegistryRead' | 'RegistryWrite' | 'ServiceConnect' | 'DeviceConnect';

export interface SharedAccessPolicy extends SymmetricKey {
  readonly name: string;
  readonly permissions: readonly Permission[];
}

/** The policies that every new hub has, by name. @see service-protocol.md, 2.2 */
const DEFAULT_POLICIES = {
  iothubowner: ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'],
  service: ['ServiceConnect'],
  device: ['DeviceConnect'],
  registryRead: ['RegistryRead'],
  registryReadWrite: ['RegistryRead', 'RegistryWrite'],
} as const satisfies Record<string, readonly Permission[]>;

export const OWNER_POLICY = 'iothubowner';

/** The default policies with fresh keys. */
export function newPolicies(randomBytes: RandomBytes): SharedAccessPolicy[] {
  return Object.entries(DEFAULT_POLICIES).map(([name, permissions]) => ({
    name,
    permissions,
    ...newSymmetricKey(randomBytes),
  }));
}
