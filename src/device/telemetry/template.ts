import { isJsonObject } from '../../sdk/device-json.ts';
import type { JsonValue } from '../../sdk/device-link.ts';
import { nearest } from '../../terminal/index.ts';
import { seededRandom } from '../random.ts';
import { GENERATORS, type Generator, isGeneratorName, Options } from './generators.ts';

/** What a template of one device is made with. */
export interface TemplateContext {
  readonly seed: string;
  /** Replace `${deviceId}` and `${index}` in texts. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A template that cannot be made: where, as a path of names from its root, and why. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly path: readonly (string | number)[];
  constructor(path: readonly (string | number)[], message: string) {
    super(message);
    this.path = path;
  }
}

/**
 * Makes a generator of a template: objects and lists of constants, texts with `${deviceId}`, and `{ "$walk": … }`.
 * Each place in it has a random source named after the seed and the place, so that adding a member leaves the others as they were.
 *
 * @throws TemplateError
 */
export function compileTemplate(
  template: JsonValue,
  context: TemplateContext,
  path: readonly (string | number)[] = [],
): Generator {
  if (typeof template === 'string') {
    const text = substitute(template, context.variables);
    return () => text;
  }
  if (Array.isArray(template)) {
    const values: readonly JsonValue[] = template;
    const items = values.map((item, index) => compileTemplate(item, context, [...path, index]));
    return (moment) => items.map((item) => item(moment));
  }
  if (!isJsonObject(template)) return () => template;
  return (
    compileGenerator(Object.entries(template), context, path) ?? compileObject(Object.entries(template), context, path)
  );
}

/** `${name}` of the known names; any other stays as it stands. */
export function substitute(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole);
}

type Members = readonly (readonly [string, JsonValue])[];

function compileObject(members: Members, context: TemplateContext, path: readonly (string | number)[]): Generator {
  const compiled = members.map(([name, value]) => [name, compileTemplate(value, context, [...path, name])] as const);
  return (moment) => Object.fromEntries(compiled.map(([name, generate]) => [name, generate(moment)]));
}

/** undefined when the object is no generator: none of its names begins with `$`. */
function compileGenerator(
  members: Members,
  { seed }: TemplateContext,
  path: readonly (string | number)[],
): Generator | undefined {
  const [name, value] = members.find(([each]) => each.startsWith('$')) ?? [];
  if (name === undefined || value === undefined) return undefined;
  if (!isGeneratorName(name)) {
    const near = nearest(name, Object.keys(GENERATORS));
    throw new TemplateError(
      [...path, name],
      `there is no generator ${name}${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
  if (members.length > 1) throw new TemplateError(path, `${name} must stand alone in its object`);
  try {
    return GENERATORS[name](new Options(name, value), seededRandom(`${seed}/${path.join('/')}`));
  } catch (error) {
    throw new TemplateError([...path, name], error instanceof Error ? error.message : String(error));
  }
}
