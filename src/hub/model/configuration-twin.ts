import { contentChangePatch, type ContentSection } from './configuration-content.ts';
import type { Configuration } from './configuration.ts';
import { isJsonObject, ownMember, setMember, type JsonObject, type JsonValue } from './json.ts';
import { formatTicks, formatTimestamp } from './timestamps.ts';
import { checkPropertySizes } from './twin-limits.ts';
import { patchSection } from './twin-section.ts';
import type { AppliedConfigurations, Twin } from './twin.ts';

/** What of a configuration goes into one twin. */
export interface Setting {
  /** Undefined for content that is set by hand. */
  readonly configuration?: Configuration;
  readonly section: ContentSection;
}

export interface ConfiguredTwin {
  readonly twin: Twin;
  /** What the device is told. */
  readonly patch: JsonObject;
}

/**
 * Takes back what one configuration set in a twin and sets what another one says; counts as one service write.
 *
 * @returns undefined when nothing of the twin's properties differs between the two
 * @throws HubError ArgumentInvalid when the desired properties would grow past their limit
 */
export function configureTwin(
  twin: Twin,
  before: Setting | undefined,
  after: Setting | undefined,
  nowMs: number,
): ConfiguredTwin | undefined {
  const patch = contentChangePatch(before?.section ?? {}, after?.section ?? {});
  if (Object.keys(patch).length === 0) return undefined;
  const patched = patchSection(twin.desired, patch, formatTimestamp(nowMs), true);
  checkPropertySizes('desired', twin.desired.values, patched.values);
  const signer = after?.configuration;
  const metadata = signer === undefined ? patched.metadata : signMetadata(patched.metadata, patch, signer);
  return { twin: { ...twin, etagCounter: twin.etagCounter + 1, desired: { ...patched, metadata } }, patch };
}

/** A twin with another table of the configurations that mean it; none of them: without a table. */
export function withConfigurations(twin: Twin, configurations: AppliedConfigurations): Twin {
  const { configurations: _before, ...rest } = twin;
  return Object.keys(configurations).length === 0 ? rest : { ...rest, configurations };
}

/** Each leaf that a configuration wrote says so. service-protocol.md, 5.2 */
function signMetadata(metadata: JsonObject, patch: JsonObject, { id, updatedMs }: Configuration): JsonObject {
  const signature = { $lastUpdatedBy: id, $lastUpdatedByDigest: formatTicks(updatedMs) };
  const sign = (node: JsonObject, change: JsonObject): JsonObject => {
    const signed: Record<string, JsonValue> = { ...node };
    for (const [name, value] of Object.entries(change)) {
      const inner = ownMember(node, name);
      if (value === null || !isJsonObject(inner)) continue;
      setMember(signed, name, isJsonObject(value) ? sign(inner, value) : { ...inner, ...signature });
    }
    return signed;
  };
  return sign(metadata, patch);
}
