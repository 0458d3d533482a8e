import { type DeviceIdentity, isObject, objectMember } from '../sdk/service-documents.ts';
import type { Column } from '../terminal/index.ts';

const MASK = '***';

/** An identity with its keys masked, unless they were asked for. */
export function showIdentity(identity: DeviceIdentity, showKeys: boolean | undefined): DeviceIdentity {
  if (showKeys === true) return identity;
  const { symmetricKey } = identity.authentication;
  if (!isObject(symmetricKey)) return identity;
  const masked = Object.fromEntries(
    Object.entries(symmetricKey).map(([name, key]) => [name, key === null ? null : MASK]),
  );
  return { ...identity, authentication: { ...identity.authentication, symmetricKey: masked } };
}

/** What a person wants to see of an identity; programs get all of it. */
export const IDENTITY_COLUMNS: readonly Column<DeviceIdentity>[] = [
  { title: 'status', value: (identity) => identity.status },
  { title: 'connection', value: (identity) => identity['connectionState'] },
  { title: 'authentication', value: (identity) => identity.authentication['type'] },
  { title: 'last activity', value: (identity) => time(identity['lastActivityTime']) },
];

/** The members of an identity for a card. */
export function identityCard(identity: DeviceIdentity): Record<string, unknown> {
  const keys = objectMember(identity.authentication, 'symmetricKey');
  const thumbprints = objectMember(identity.authentication, 'x509Thumbprint');
  return {
    deviceId: identity.deviceId,
    status: identity.status,
    statusReason: identity['statusReason'] ?? undefined,
    connection: identity['connectionState'],
    authentication: identity.authentication['type'],
    primaryKey: keys['primaryKey'] ?? undefined,
    secondaryKey: keys['secondaryKey'] ?? undefined,
    primaryThumbprint: thumbprints['primaryThumbprint'] ?? undefined,
    secondaryThumbprint: thumbprints['secondaryThumbprint'] ?? undefined,
    edge: objectMember(identity, 'capabilities')['iotEdge'] === true ? true : undefined,
    'last activity': time(identity['lastActivityTime']),
    etag: identity.etag,
  };
}

/** A key of an identity; undefined for one that signs in with a certificate. */
export function keyOf(identity: DeviceIdentity, which: 'primary' | 'secondary'): string | undefined {
  const key = objectMember(identity.authentication, 'symmetricKey')[`${which}Key`];
  return typeof key === 'string' && key !== '' ? key : undefined;
}

/** The hub's "never" is the year 1. */
function time(value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('0001-01-01') ? undefined : value;
}
