import { isJsonObject, ownMember, setMember, type JsonObject, type JsonValue } from './json.ts';
import type { TwinSection } from './twin-section.ts';
import type { Twin } from './twin.ts';

/** What marks an object in a twin as a component of the model. */
export const COMPONENT_MARK = '__t';

/**
 * A twin as Plug and Play shows it: what the device reported, and beside each property what was asked for and what the device
 * said to that. The model itself is not read: an object is a component when it carries the mark.
 */
export function digitalTwinDocument(twin: Twin): JsonObject {
  const { properties, metadata } = showProperties(twin.reported, twin.desired);
  return { $dtId: twin.deviceId, ...properties, $metadata: { $model: twin.modelId, ...metadata } };
}

/** Whether the member of a twin is a component, as far as the device or a service has said. */
export function isComponent(value: JsonValue | undefined): value is JsonObject {
  return isJsonObject(value) && ownMember(value, COMPONENT_MARK) === 'c';
}

type Part = Pick<TwinSection, 'values' | 'metadata'>;

function showProperties(reported: Part, desired: Part): { properties: JsonObject; metadata: JsonObject } {
  const properties: Record<string, JsonValue> = {};
  const metadata: Record<string, JsonValue> = {};
  for (const name of new Set([...Object.keys(reported.values), ...Object.keys(desired.values)])) {
    if (name === COMPONENT_MARK) continue;
    const [told, asked] = [ownMember(reported.values, name), ownMember(desired.values, name)];
    if (isComponent(told) || isComponent(asked)) {
      const inner = showProperties(below(reported, name), below(desired, name));
      setMember(properties, name, { ...inner.properties, $metadata: inner.metadata });
      continue;
    }
    const answer = readAnswer(told);
    if (answer.value !== undefined) setMember(properties, name, answer.value);
    setMember(metadata, name, propertyMetadata(answer.ack, below(reported, name), below(desired, name), asked));
  }
  return { properties, metadata };
}

interface Answer {
  readonly value: JsonValue | undefined;
  readonly ack: JsonObject;
}

/** A device answers to a writable property with `{value, ac, av, ad}`; anything else is a value as it stands. */
function readAnswer(told: JsonValue | undefined): Answer {
  if (!isJsonObject(told) || ownMember(told, 'ac') === undefined || ownMember(told, 'av') === undefined) {
    return { value: told, ack: {} };
  }
  const ack = {
    ackVersion: ownMember(told, 'av'),
    ackCode: ownMember(told, 'ac'),
    ackDescription: ownMember(told, 'ad'),
  };
  return { value: ownMember(told, 'value'), ack: present(ack) };
}

function propertyMetadata(ack: JsonObject, told: Part, asked: Part, desiredValue: JsonValue | undefined): JsonObject {
  return present({
    desiredValue,
    desiredVersion: ownMember(asked.metadata, '$lastUpdatedVersion'),
    ...ack,
    lastUpdateTime: ownMember(told.metadata, '$lastUpdated') ?? ownMember(asked.metadata, '$lastUpdated'),
  });
}

function below({ values, metadata }: Part, name: string): Part {
  const [value, stamp] = [ownMember(values, name), ownMember(metadata, name)];
  return { values: isJsonObject(value) ? value : {}, metadata: isJsonObject(stamp) ? stamp : {} };
}

function present(members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const known: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(members)) if (value !== undefined) known[name] = value;
  return known;
}
