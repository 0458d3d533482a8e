import { isObject, type JsonObject, objectMember } from '../sdk/service-documents.ts';
import { type Column, relativeTime } from '../terminal/index.ts';

/** As much of an identity as showing it needs. */
export type ShownIdentity = JsonObject & { readonly deviceId: string; readonly authentication: JsonObject };

const MASK = '***';

/** An identity with its keys masked, unless they were asked for. */
export function showIdentity<Any extends ShownIdentity>(identity: Any, showKeys: boolean | undefined): Any {
  if (showKeys === true) return identity;
  const { symmetricKey } = identity.authentication;
  if (!isObject(symmetricKey)) return identity;
  const masked = Object.fromEntries(
    Object.entries(symmetricKey).map(([name, key]) => [name, key === null ? null : MASK]),
  );
  return { ...identity, authentication: { ...identity.authentication, symmetricKey: masked } };
}

/** What a person wants to see of an identity; programs get all of it. */
export const IDENTITY_COLUMNS: readonly Column<ShownIdentity>[] = [
  { title: 'status', value: (identity) => identity['status'] },
  { title: 'connection', value: (identity) => identity['connectionState'] },
  { title: 'authentication', value: (identity) => identity.authentication['type'] },
  { title: 'last activity', value: (identity) => identity['lastActivityTime'], kind: 'time' },
];

/** The members of an identity for a card. */
export function identityCard(identity: ShownIdentity): Record<string, unknown> {
  const keys = objectMember(identity.authentication, 'symmetricKey');
  const thumbprints = objectMember(identity.authentication, 'x509Thumbprint');
  return {
    deviceId: identity.deviceId,
    moduleId: identity['moduleId'],
    status: identity['status'],
    statusReason: identity['statusReason'] ?? undefined,
    connection: identity['connectionState'],
    authentication: identity.authentication['type'],
    primaryKey: keys['primaryKey'] ?? undefined,
    secondaryKey: keys['secondaryKey'] ?? undefined,
    primaryThumbprint: thumbprints['primaryThumbprint'] ?? undefined,
    secondaryThumbprint: thumbprints['secondaryThumbprint'] ?? undefined,
    edge: objectMember(identity, 'capabilities')['iotEdge'] === true ? true : undefined,
    'last activity': relativeTime(identity['lastActivityTime']),
    etag: identity['etag'],
    certificateFile: identity['certificateFile'],
    keyFile: identity['keyFile'],
  };
}

/** A key of an identity; undefined for one that signs in with a certificate. */
export function keyOf(identity: ShownIdentity, which: 'primary' | 'secondary'): string | undefined {
  const key = objectMember(identity.authentication, 'symmetricKey')[`${which}Key`];
  return typeof key === 'string' && key !== '' ? key : undefined;
}
