import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember, setMember, type JsonObject, type JsonValue } from './json.ts';
import { checkTwinValues } from './twin-limits.ts';

/** Values by path: `properties.desired` or `properties.desired.a.b`. `null` removes. */
export type ContentSection = JsonObject;

/** What a configuration sets, by what it is meant for: devices, modules, or the modules of edge devices by id. */
export type ConfigurationContent =
  | { readonly kind: 'deviceContent'; readonly section: ContentSection }
  | { readonly kind: 'moduleContent'; readonly section: ContentSection }
  | {
      readonly kind: 'modulesContent';
      readonly sections: Readonly<Record<string, ContentSection>>;
      /** For the edge device itself, besides its modules. */
      readonly deviceSection?: ContentSection;
    };

const ROOT = ['properties', 'desired'];

/**
 * Reads the content of a configuration.
 *
 * @throws HubError InvalidConfigurationContent
 * @see service-protocol.md, 9
 */
export function parseConfigurationContent(value: JsonValue | undefined): ConfigurationContent {
  if (!isJsonObject(value)) throw invalid('content must be a JSON object');
  const [deviceContent, moduleContent, modulesContent] = ['deviceContent', 'moduleContent', 'modulesContent'].map(
    (name) => ownMember(value, name) ?? undefined,
  );
  if (modulesContent !== undefined && moduleContent === undefined) {
    if (!isJsonObject(modulesContent)) throw invalid('modulesContent must be a JSON object');
    const sections = Object.entries(modulesContent).map(([id, section]) => [id, parseSection(id, section)] as const);
    return {
      kind: 'modulesContent',
      sections: Object.fromEntries(sections),
      ...(deviceContent === undefined ? {} : { deviceSection: parseSection('deviceContent', deviceContent) }),
    };
  }
  if (deviceContent !== undefined && moduleContent === undefined) {
    return { kind: 'deviceContent', section: parseSection('deviceContent', deviceContent) };
  }
  if (moduleContent !== undefined && deviceContent === undefined && modulesContent === undefined) {
    return { kind: 'moduleContent', section: parseSection('moduleContent', moduleContent) };
  }
  throw invalid('content must have one of deviceContent, moduleContent and modulesContent');
}

/** The content as it was sent. */
export function contentDocument(content: ConfigurationContent): JsonObject {
  if (content.kind !== 'modulesContent') return { [content.kind]: content.section };
  const { sections, deviceSection } = content;
  return { modulesContent: sections, ...(deviceSection === undefined ? {} : { deviceContent: deviceSection }) };
}

/** The patch of desired properties that brings a section's values about. */
export function contentPatch(section: ContentSection): JsonObject {
  const patch: Record<string, JsonValue> = {};
  for (const [path, value] of Object.entries(section)) {
    const names = pathBelowDesired(path);
    if (names.length > 0) putAt(patch, names, value);
    else if (isJsonObject(value)) for (const [name, member] of Object.entries(value)) setMember(patch, name, member);
  }
  return patch;
}

/**
 * The patch of desired properties that takes back what one section set and sets what another one says.
 *
 * @param before undefined or empty when nothing is to be taken back, `after` when nothing is to be set
 */
export function contentChangePatch(before: ContentSection, after: ContentSection): JsonObject {
  const patch: Record<string, JsonValue> = {};
  for (const names of placesOf(before)) putAt(patch, names, null);
  return overlay(patch, contentPatch(after), contentPatch(before));
}

/** Where a section put something: the object at a path goes as a whole, the root's members one by one. */
function placesOf(section: ContentSection): string[][] {
  return Object.entries(section).flatMap(([path, value]) => {
    const names = pathBelowDesired(path);
    if (names.length > 0) return [names];
    return isJsonObject(value) ? Object.keys(value).map((name) => [name]) : [];
  });
}

function overlay(patch: JsonObject, after: JsonObject, before: JsonObject): JsonObject {
  const result: Record<string, JsonValue> = { ...patch };
  for (const [name, value] of Object.entries(after)) {
    const taken = ownMember(patch, name);
    const had = ownMember(before, name);
    if (taken === null) setMember(result, name, difference(had, value));
    else if (isJsonObject(taken) && isJsonObject(value)) {
      setMember(result, name, overlay(taken, value, isJsonObject(had) ? had : {}));
    } else setMember(result, name, value);
  }
  return result;
}

/** A patch from one value to another. */
function difference(before: JsonValue | undefined, after: JsonValue): JsonValue {
  if (!isJsonObject(before) || !isJsonObject(after)) return after;
  const patch: Record<string, JsonValue> = {};
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) setMember(patch, name, null);
  for (const [name, value] of Object.entries(after)) setMember(patch, name, difference(ownMember(before, name), value));
  return patch;
}

function putAt(patch: Record<string, JsonValue>, names: readonly string[], value: JsonValue): void {
  const [name = '', ...rest] = names;
  if (rest.length === 0) {
    setMember(patch, name, value);
    return;
  }
  const inner = ownMember(patch, name);
  const below: Record<string, JsonValue> = isJsonObject(inner) ? { ...inner } : {};
  putAt(below, rest, value);
  setMember(patch, name, below);
}

function parseSection(name: string, value: JsonValue): ContentSection {
  if (!isJsonObject(value)) throw invalid(`${name} must be a JSON object`);
  for (const [path, member] of Object.entries(value)) {
    const names = pathBelowDesired(path);
    if (names.length === 0 && !isJsonObject(member)) throw invalid(`${name}: '${path}' must be a JSON object`);
    if (names.includes('')) throw invalid(`${name}: '${path}' is no path`);
  }
  try {
    checkTwinValues('desired', contentPatch(value));
  } catch (error) {
    if (error instanceof HubError) throw invalid(`${name}: ${error.message}`);
    throw error;
  }
  return value;
}

function pathBelowDesired(path: string): string[] {
  const names = path.split('.');
  if (names[0] !== ROOT[0] || names[1] !== ROOT[1]) {
    throw invalid(`'${path}' must be properties.desired or a path below it`);
  }
  return names.slice(ROOT.length);
}

function invalid(message: string): HubError {
  return new HubError('InvalidConfigurationContent', message);
}
