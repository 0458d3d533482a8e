import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember, type JsonObject, type JsonValue } from './json.ts';
import { describeTarget, type Target } from './identifiers.ts';
import { meetsPrecondition, twinEtag, type Precondition } from './etag.ts';
import {
  mergeValues,
  newSection,
  patchSection,
  replaceSection,
  withoutNulls,
  type TwinSection,
} from './twin-section.ts';
import { checkPropertySizes, checkTwinValues } from './twin-limits.ts';
import { NEVER } from './timestamps.ts';

/** How far the configurations that target a device have come. */
export type AppliedConfigurations = Readonly<Record<string, { readonly status: 'Targeted' | 'Applied' }>>;

/** What the hub keeps of a twin; identity and presence are joined to it when it is shown. */
export interface Twin extends Target {
  /** Counts accepted service writes; the etag is made of it. */
  readonly etagCounter: number;
  readonly tags: JsonObject;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
  /** The Plug and Play model the device announced; '' when it never did. */
  readonly modelId: string;
  readonly configurations?: AppliedConfigurations;
}

/** A service's change of a twin; a section that is absent is left alone, `null` clears it. */
export interface TwinChange {
  readonly tags?: JsonObject | null;
  readonly desired?: JsonObject | null;
}

export function newTwin(target: Target, time: string): Twin {
  return { ...target, etagCounter: 1, tags: {}, desired: newSection(time), reported: newSection(time), modelId: '' };
}

/**
 * Reads the body of a twin PATCH or PUT. It may be a whole twin: what a service cannot set (reported properties, metadata,
 * versions, identity) is passed over.
 *
 * @throws HubError ArgumentInvalid when a section is no object or breaks a rule of twin-limits.ts
 */
export function parseTwinChange(body: unknown): TwinChange {
  if (!isJsonObject(body)) throw new HubError('ArgumentInvalid', 'a twin must be a JSON object');
  const properties = ownMember(body, 'properties') ?? {};
  if (!isJsonObject(properties)) throw new HubError('ArgumentInvalid', 'properties must be a JSON object');
  return {
    ...parseSection('tags', ownMember(body, 'tags')),
    ...parseSection('desired', ownMember(properties, 'desired')),
  };
}

function parseSection<Name extends 'tags' | 'desired'>(
  name: Name,
  value: JsonValue | undefined,
): Partial<Record<Name, JsonObject | null>> {
  if (value === undefined) return {};
  if (value === null) return { [name]: null } as Record<Name, null>;
  if (!isJsonObject(value)) throw new HubError('ArgumentInvalid', `${name} must be a JSON object`);
  const { $metadata: _metadata, $version: _version, ...values } = value;
  checkTwinValues(name, values);
  return { [name]: values } as Record<Name, JsonObject>;
}

/**
 * Merges a service's change into a twin.
 *
 * @throws HubError PreconditionFailed for a stale etag, ArgumentInvalid when a section would grow past its limit
 * @see service-protocol.md, 5.3
 */
export function patchTwin(twin: Twin, change: TwinChange, precondition: Precondition, time: string): Twin {
  return changeTwin(twin, precondition, {
    tags: change.tags && mergeValues(twin.tags, change.tags),
    desired: change.desired && patchSection(twin.desired, change.desired, time, true),
    cleared: change,
    time,
  });
}

/** Replaces the sections that the change names; an absent one is left alone. Throws as {@link patchTwin} does. */
export function replaceTwin(twin: Twin, change: TwinChange, precondition: Precondition, time: string): Twin {
  return changeTwin(twin, precondition, {
    tags: change.tags && withoutNulls(change.tags),
    desired: change.desired && replaceSection(twin.desired, change.desired, time, true),
    cleared: change,
    time,
  });
}

/**
 * The twin of an identity that is created with tags and desired properties: versions and etag stay as of a plain creation.
 *
 * @see service-protocol.md, 4.6
 */
export function seedTwin(twin: Twin, seed: TwinChange): Twin {
  const tags = withoutNulls(seed.tags ?? {});
  checkPropertySizes('tags', {}, tags);
  if (seed.desired === undefined || seed.desired === null) return { ...twin, tags };
  const desired = patchSection({ ...twin.desired, version: 0 }, seed.desired, NEVER, true);
  checkPropertySizes('desired', {}, desired.values);
  return { ...twin, tags, desired };
}

interface Changed {
  tags: JsonObject | null | undefined;
  desired: TwinSection | null | undefined;
  cleared: TwinChange;
  time: string;
}

function changeTwin(twin: Twin, precondition: Precondition, changed: Changed): Twin {
  if (!meetsPrecondition(precondition, twinEtag(twin.etagCounter))) {
    throw new HubError('PreconditionFailed', `ETag mismatch for ${describeTarget(twin)}`);
  }
  const tags = changed.cleared.tags === null ? {} : (changed.tags ?? twin.tags);
  const desired =
    changed.cleared.desired === null
      ? replaceSection(twin.desired, {}, changed.time, true)
      : (changed.desired ?? twin.desired);
  checkPropertySizes('tags', twin.tags, tags);
  checkPropertySizes('desired', twin.desired.values, desired.values);
  return { ...twin, etagCounter: twin.etagCounter + 1, tags, desired };
}

/**
 * Merges what a device reports.
 *
 * @param patch what the device sent
 * @param ifVersion the reported `$version` the device demands; undefined = whatever it is now
 * @throws HubError ArgumentInvalid for a broken rule, PreconditionFailed for another version
 * @see device-protocol.md, 6.2
 */
export function reportProperties(twin: Twin, patch: unknown, time: string, ifVersion?: number): Twin {
  if (!isJsonObject(patch)) throw new HubError('ArgumentInvalid', 'reported properties must be a JSON object');
  checkTwinValues('reported', patch);
  if (ifVersion !== undefined && ifVersion !== twin.reported.version) {
    throw new HubError(
      'PreconditionFailed',
      `reported properties are at version ${twin.reported.version}, not ${ifVersion}`,
    );
  }
  const reported = patchSection(twin.reported, patch, time, false);
  checkPropertySizes('reported', twin.reported.values, reported.values);
  return { ...twin, reported };
}
