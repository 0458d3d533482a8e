import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/hub/model/json.ts';
import { parseCondition, parseQuery, planCondition, planQuery } from '../../../src/hub/query/index.ts';
import type { QueryRow, QuerySource, SourceName } from '../../../src/hub/query/index.ts';

/** The members that the service shows of a device or module twin, and of a job (service-protocol.md, 5.1 and 6.3). */
const MEMBERS: Readonly<Record<SourceName, readonly string[]>> = {
  devices: [
    'deviceId',
    'etag',
    'status',
    'statusUpdateTime',
    'connectionState',
    'lastActivityTime',
    'cloudToDeviceMessageCount',
    'authenticationType',
    'x509Thumbprint',
    'modelId',
    'version',
    'tags',
    'properties',
    'configurations',
    'capabilities',
    'deviceScope',
    'parentScopes',
  ],
  'devices.modules': ['deviceId', 'moduleId', 'tags', 'properties', 'configurations', 'connectionState'],
  'devices.jobs': ['deviceId', 'jobId', 'jobType', 'status', 'createdDateTimeUtc', 'createdTimeUtc', 'outcome'],
};

const ITEM_TYPES: Readonly<Record<SourceName, string>> = {
  devices: 'Twin',
  'devices.modules': 'Twin',
  'devices.jobs': 'DeviceJob',
};

/** A source whose rows are the JSON documents themselves. */
export function documentSource(name: SourceName): QuerySource<JsonObject> {
  return {
    name,
    members: Object.fromEntries(MEMBERS[name].map((member) => [member, (row: JsonObject) => row[member]])),
    document: (row) => row,
    itemType: ITEM_TYPES[name],
  };
}

/** All results of a query over documents, as a hub without pages would answer. */
export function runQuery(text: string, rows: readonly JsonObject[]): readonly QueryRow[] {
  const query = parseQuery(text);
  const plan = planQuery(query, documentSource(query.source));
  if (plan.aggregates) return plan.aggregate(rows);
  return rows
    .filter((row) => plan.matches(row))
    .slice(0, plan.top)
    .map((row) => plan.project(row));
}

/** Whether a device with these tags meets a condition. */
export function matchesTags(condition: string, tags: JsonObject): boolean {
  const parsed = parseCondition(condition);
  return planCondition(parsed, documentSource(parsed.source)).matches({ deviceId: 'd', tags });
}

/** A device twin with what matters to a test. */
export function twin(deviceId: string, parts: JsonObject = {}): JsonObject {
  return { deviceId, status: 'enabled', connectionState: 'Disconnected', ...parts };
}

export function ids(rows: readonly QueryRow[]): readonly (JsonValue | undefined)[] {
  return rows.map((row) => row['moduleId'] ?? row['deviceId']);
}

/** A document without the types of positions, to compare two trees. */
export function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).filter(([name]) => !['span', 'selectSpan', 'text'].includes(name));
  return Object.fromEntries(entries.map(([name, member]) => [name, withoutPlaces(member)]));
}
