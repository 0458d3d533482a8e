import { twinEtag } from './etag.ts';
import { isJsonObject, ownMember, setMember, type JsonObject, type JsonValue } from './json.ts';
import { sectionDocument } from './twin-document.ts';
import type { TwinSection } from './twin-section.ts';
import type { Twin, TwinChange } from './twin.ts';

/** What a hub can route to its events endpoint besides telemetry. @see service-protocol.md, 13 */
export const EVENT_SOURCES = [
  'twinChangeEvents',
  'deviceLifecycleEvents',
  'deviceConnectionStateEvents',
  'digitalTwinChangeEvents',
] as const;
export type EventSource = (typeof EVENT_SOURCES)[number];

/** The body of a service's twin change: what was changed, each section with the metadata of it; or the whole twin. */
export function twinUpdateBody(twin: Twin, change: TwinChange, operation: 'updateTwin' | 'replaceTwin'): JsonObject {
  if (operation === 'replaceTwin') return twinBody(twin);
  const { tags, desired } = change;
  return {
    version: versionOf(twin),
    ...(tags === undefined ? {} : { tags }),
    ...(desired === undefined ? {} : { properties: { desired: changedPart(twin.desired, desired ?? {}) } }),
  };
}

/** The body of a device's report. */
export function twinReportBody(twin: Twin, patch: JsonObject): JsonObject {
  return { version: versionOf(twin), properties: { reported: changedPart(twin.reported, patch) } };
}

/** The body of a lifecycle event and of a replaced twin. */
export function twinBody(twin: Twin): JsonObject {
  return {
    deviceId: twin.deviceId,
    ...(twin.moduleId === undefined ? {} : { moduleId: twin.moduleId }),
    etag: twinEtag(twin.etagCounter),
    version: versionOf(twin),
    ...(Object.keys(twin.tags).length === 0 ? {} : { tags: twin.tags }),
    properties: { desired: sectionDocument(twin.desired), reported: sectionDocument(twin.reported) },
  };
}

function versionOf(twin: Twin): number {
  return twin.etagCounter + twin.reported.version;
}

/** The patch as it was sent, removals included, with the metadata of what it touched. */
function changedPart(section: TwinSection, patch: JsonObject): JsonObject {
  return { ...patch, $metadata: metadataOf(section.metadata, patch), $version: section.version };
}

function metadataOf(metadata: JsonObject, patch: JsonObject): JsonObject {
  const touched: Record<string, JsonValue> = {};
  for (const name of ['$lastUpdated', '$lastUpdatedVersion']) {
    const stamp = ownMember(metadata, name);
    if (stamp !== undefined) touched[name] = stamp;
  }
  for (const [name, change] of Object.entries(patch)) {
    const member = ownMember(metadata, name);
    if (isJsonObject(member)) setMember(touched, name, metadataOf(member, isJsonObject(change) ? change : {}));
  }
  return touched;
}
