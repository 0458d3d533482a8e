import { nearest } from '../../terminal/index.ts';
import type { Schema, SchemaType } from './schema.ts';

export type Path = readonly (string | number)[];

/** One thing that is wrong with a file. */
export interface Problem {
  readonly path: Path;
  /** Whether the name at the end of `path` is wrong, rather than its value. */
  readonly atKey: boolean;
  readonly message: string;
}

/** Everything in `value` that the schema does not allow, in the order of the file. */
export function checkSchema(value: unknown, schema: Schema, path: Path = []): Problem[] {
  const problem = (message: string): Problem[] => [{ path, atKey: false, message: `${nameOf(path)} ${message}` }];
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => isOfType(value, type))) {
    return problem(`must be ${types.map((type) => TYPE_NAMES[type]).join(' or ')}, got ${shown(value)}`);
  }
  if (schema.enum !== undefined && !schema.enum.some((allowed) => allowed === value)) {
    return problem(notOneOf(schema.enum, value));
  }
  if (typeof value === 'number') return checkNumber(value, schema).flatMap(problem);
  if (typeof value === 'string') return checkText(value, schema).flatMap(problem);
  if (Array.isArray(value)) return checkList(value, schema, path);
  return typeof value === 'object' && value !== null ? checkObject(value, schema, path) : [];
}

const TYPE_NAMES: Readonly<Record<SchemaType, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function isOfType(value: unknown, type: SchemaType): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
  }
}

function checkNumber(value: number, { minimum = -Infinity, maximum = Infinity }: Schema): string[] {
  if (value >= minimum && value <= maximum) return [];
  const range = maximum === Infinity ? `at least ${minimum}` : `from ${minimum} to ${maximum}`;
  return [`must be ${range}, got ${value}`];
}

function checkText(value: string, schema: Schema): string[] {
  if (schema.pattern === undefined || new RegExp(schema.pattern).test(value)) return [];
  return [`must be ${schema['x-expected'] ?? `like ${schema.pattern}`}, got ${shown(value)}`];
}

function checkList(values: readonly unknown[], schema: Schema, path: Path): Problem[] {
  if (values.length < (schema.minItems ?? 0)) {
    return [{ path, atKey: false, message: `${nameOf(path)} must have at least ${schema.minItems ?? 0} items` }];
  }
  const { items } = schema;
  return items === undefined ? [] : values.flatMap((value, index) => checkSchema(value, items, [...path, index]));
}

function checkObject(value: object, schema: Schema, path: Path): Problem[] {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const members = Object.entries(value) as [string, unknown][];
  const missing = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => ({ path, atKey: false, message: `${nameOf(path)} needs "${name}"` }));
  const wrong = members.flatMap(([name, member]): Problem[] => {
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (own !== undefined) return checkSchema(member, own, [...path, name]);
    if (additionalProperties === true) return [];
    if (additionalProperties === false) return [unknownName(name, Object.keys(properties), path)];
    return [...checkName(name, schema, path), ...checkSchema(member, additionalProperties, [...path, name])];
  });
  return [...missing, ...wrong];
}

function checkName(name: string, { propertyNames }: Schema, path: Path): Problem[] {
  const messages = propertyNames === undefined ? [] : checkText(name, propertyNames);
  return messages.map((message) => ({
    path: [...path, name],
    atKey: true,
    message: `a name in ${nameOf(path)} ${message}`,
  }));
}

function unknownName(name: string, known: readonly string[], path: Path): Problem {
  const near = nearest(name, known);
  const hint = near === undefined ? `it may have ${known.join(', ')}` : `did you mean "${near}"?`;
  return { path: [...path, name], atKey: true, message: `${nameOf(path)} has no "${name}"; ${hint}` };
}

function notOneOf(allowed: readonly (string | number | boolean)[], value: unknown): string {
  const words = allowed.map(String);
  const near = typeof value === 'string' ? nearest(value, words) : undefined;
  return `must be one of ${words.join(', ')}, got ${shown(value)}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** `telemetry[0].body` */
function nameOf(path: Path): string {
  if (path.length === 0) return 'the scenario';
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`)).join('');
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
