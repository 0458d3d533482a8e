import { compileTemplate, TemplateError } from '../telemetry/template.ts';
import type { JsonValue } from '../../sdk/device-link.ts';
import type { DeviceSections, FaultSection, ScenarioDocument } from './scenario-document.ts';
import type { Path, Problem } from './schema-check.ts';

/** What a schema cannot say: templates that can be made, faults that know when, streams with names of their own. */
export function checkRules(document: ScenarioDocument): Problem[] {
  const variants = document.variants ?? [];
  return [
    ...checkSections(document, []),
    ...variants.flatMap((variant, index) => {
      const path = ['variants', index];
      const none = variant.indexes === undefined && variant.ids === undefined;
      const unnamed = none ? [at(path, 'needs "indexes" or "ids": which devices it is for')] : [];
      return [...unnamed, ...checkSections(variant, path)];
    }),
  ];
}

function checkSections(sections: DeviceSections, path: Path): Problem[] {
  const { tags, reported, connectivity, methods = {}, telemetry = [], messages, faults = [] } = sections;
  const names = telemetry.map(({ name }) => name);
  return [
    ...checkTemplate(tags, [...path, 'tags']),
    ...checkTemplate(reported, [...path, 'reported']),
    ...checkTemplate(connectivity, [...path, 'connectivity']),
    ...Object.entries(methods).flatMap(([name, { payload }]) =>
      checkTemplate(payload, [...path, 'methods', name, 'payload']),
    ),
    ...checkTemplate(messages?.reply, [...path, 'messages', 'reply']),
    ...telemetry.flatMap((stream, index) => [
      ...checkTemplate(stream.body, [...path, 'telemetry', index, 'body']),
      ...checkTemplate(stream.properties, [...path, 'telemetry', index, 'properties']),
      ...(names.indexOf(stream.name) < index
        ? [at([...path, 'telemetry', index, 'name'], `is used twice: "${stream.name}"`)]
        : []),
    ]),
    ...faults.flatMap((fault, index) => checkFault(fault, [...path, 'faults', index])),
  ];
}

function checkTemplate(template: JsonValue | undefined, path: Path): Problem[] {
  if (template === undefined) return [];
  try {
    compileTemplate(template, { seed: '', variables: {} });
    return [];
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return [{ path: [...path, ...error.path], atKey: true, message: error.message }];
  }
}

/** Which members each kind of fault needs (one of them) and may have. */
const FAULT_MEMBERS = {
  drop: { oneOf: ['at', 'every', 'rate'], also: ['for'] },
  delay: { oneOf: ['rate'], also: ['by'] },
  duplicate: { oneOf: ['rate'], also: [] },
  loseAnswer: { oneOf: ['rate'], also: [] },
  clockSkew: { oneOf: ['by'], also: [] },
} as const satisfies Record<FaultSection['kind'], { oneOf: readonly string[]; also: readonly string[] }>;

function checkFault(fault: FaultSection, path: Path): Problem[] {
  const { oneOf, also } = FAULT_MEMBERS[fault.kind];
  const known: readonly string[] = ['kind', ...oneOf, ...also];
  const given = Object.keys(fault);
  const needs = given.some((name) => oneOf.some((each) => each === name));
  return [
    ...(needs ? [] : [at(path, `of kind ${fault.kind} needs ${oneOf.map((name) => `"${name}"`).join(' or ')}`)]),
    ...given
      .filter((name) => !known.includes(name))
      .map((name) => ({
        path: [...path, name],
        atKey: true,
        message: `a fault of kind ${fault.kind} has no "${name}", only ${known.join(', ')}`,
      })),
  ];
}

function at(path: Path, message: string): Problem {
  const name = path
    .map((step) => (typeof step === 'number' ? `[${step}]` : step))
    .join('.')
    .replaceAll('.[', '[');
  return { path, atKey: false, message: `${name} ${message}` };
}
