import { TWIN_MEMBERS, twinDocument, type TwinView } from '../model/twin-document.ts';
import type { JsonValue } from '../model/json.ts';
import type { Twin } from '../model/twin.ts';
import type { QuerySource } from '../query/index.ts';

/** Members that stand in the twin itself: what an index can follow, since a change of them is an update of the row. */
const INDEXABLE_ROOTS = new Set(['tags', 'properties', 'deviceId', 'moduleId', 'modelId']);

export function isIndexable(path: readonly string[]): boolean {
  return path[0] !== undefined && INDEXABLE_ROOTS.has(path[0]);
}

/**
 * How queries read twins. What stands in the twin is read from it directly; identity and presence are joined only by a
 * query that asks for them.
 */
export function twinSource(name: 'devices' | 'devices.modules', view: (twin: Twin) => TwinView): QuerySource<Twin> {
  const joined = Object.entries(TWIN_MEMBERS).map(([member, read]): [string, (twin: Twin) => JsonValue | undefined] => [
    member,
    (twin) => read(view(twin)),
  ]);
  return {
    name,
    members: {
      ...Object.fromEntries(joined),
      deviceId: (twin) => twin.deviceId,
      moduleId: (twin) => twin.moduleId,
      modelId: (twin) => twin.modelId,
      'properties.desired.$version': (twin) => twin.desired.version,
      'properties.desired.$metadata': (twin) => twin.desired.metadata,
      'properties.reported.$version': (twin) => twin.reported.version,
      'properties.reported.$metadata': (twin) => twin.reported.metadata,
    },
    within: {
      tags: (twin) => twin.tags,
      'properties.desired': (twin) => twin.desired.values,
      'properties.reported': (twin) => twin.reported.values,
    },
    document: (twin) => twinDocument(view(twin)),
    itemType: 'Twin',
  };
}
