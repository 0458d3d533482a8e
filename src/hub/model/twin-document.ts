import { decimalEtag, twinEtag } from './etag.ts';
import type { Authentication } from './authentication.ts';
import type { DeviceIdentity } from './device-identity.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { ModuleIdentity } from './module-identity.ts';
import type { Presence } from './presence.ts';
import type { Twin } from './twin.ts';
import type { TwinSection } from './twin-section.ts';

/** All that a twin is shown from. */
export interface TwinView {
  readonly twin: Twin;
  readonly identity: DeviceIdentity | ModuleIdentity;
  readonly presence: Presence;
  readonly queuedMessages: number;
}

type Member = (view: TwinView) => JsonValue | undefined;

/**
 * The members of a twin in the service's order; one that is undefined is left out.
 * The query language reads rows through the same table.
 *
 * @see service-protocol.md, 5.1
 */
export const TWIN_MEMBERS = {
  deviceId: ({ twin }) => twin.deviceId,
  moduleId: ({ twin }) => twin.moduleId,
  etag: ({ twin }) => twinEtag(twin.etagCounter),
  deviceEtag: ({ identity }) => decimalEtag(identity.etagCounter),
  status: ({ identity }) => ('status' in identity ? identity.status : 'enabled'),
  statusReason: ({ identity }) => ('statusReason' in identity ? (identity.statusReason ?? undefined) : undefined),
  statusUpdateTime: ({ identity }) =>
    'statusUpdatedTime' in identity ? identity.statusUpdatedTime : '0001-01-01T00:00:00Z',
  connectionState: ({ presence }) => presence.connectionState,
  lastActivityTime: ({ presence }) => presence.lastActivityTime,
  cloudToDeviceMessageCount: ({ queuedMessages }) => queuedMessages,
  authenticationType: ({ identity }) => identity.authentication.type,
  x509Thumbprint: ({ identity }) => thumbprintDocument(identity.authentication),
  modelId: ({ twin }) => twin.modelId,
  version: ({ twin }) => twin.etagCounter + twin.reported.version,
  tags: ({ twin }) => (Object.keys(twin.tags).length === 0 ? undefined : twin.tags),
  properties: ({ twin }) => ({ desired: sectionDocument(twin.desired), reported: sectionDocument(twin.reported) }),
  configurations: ({ twin }) => twin.configurations,
  capabilities: ({ identity }) => ('iotEdge' in identity ? { iotEdge: identity.iotEdge } : undefined),
  deviceScope: ({ identity }) => ('deviceScope' in identity ? identity.deviceScope : undefined),
  parentScopes: ({ identity }) =>
    'parentScopes' in identity && identity.parentScopes.length > 0 ? identity.parentScopes : undefined,
} as const satisfies Record<string, Member>;

/** The twin as a service sees it. */
export function twinDocument(view: TwinView): JsonObject {
  const document: Record<string, JsonValue> = {};
  for (const [name, member] of Object.entries(TWIN_MEMBERS) as [string, Member][]) {
    const value = member(view);
    if (value !== undefined) document[name] = value;
  }
  return document;
}

/** The twin as the device sees it: no tags, no metadata. @see device-protocol.md, 6.1 */
export function deviceTwinDocument(twin: Twin): JsonObject {
  return {
    desired: { ...twin.desired.values, $version: twin.desired.version },
    reported: { ...twin.reported.values, $version: twin.reported.version },
  };
}

/** A section with its metadata and version behind the values. */
export function sectionDocument(section: TwinSection): JsonObject {
  return { ...section.values, $metadata: section.metadata, $version: section.version };
}

function thumbprintDocument(authentication: Authentication): JsonObject {
  return authentication.type === 'selfSigned'
    ? { ...authentication.x509Thumbprint }
    : { primaryThumbprint: null, secondaryThumbprint: null };
}
