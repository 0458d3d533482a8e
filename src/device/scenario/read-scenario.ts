import { readFileSync } from 'node:fs';
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { wrongCall, type ProgramError } from '../../terminal/index.ts';
import { checkRules } from './scenario-rules.ts';
import type { ScenarioDocument } from './scenario-document.ts';
import { SCENARIO_SCHEMA } from './schema.ts';
import { checkSchema, type Path, type Problem } from './schema-check.ts';

/** A problem and where it stands, counted from 1. */
export interface PlacedProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Nobody mends more than this at a time. */
const MOST_PROBLEMS = 20;

/**
 * Reads a scenario file, YAML or JSON.
 *
 * @throws ProgramError `wrongCall` that lists every problem with line and column
 */
export function readScenario(file: string): ScenarioDocument {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw wrongCall(
      `the scenario ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'write one to start from: sim-device scenario init scenario.yaml',
    );
  }
  return parseScenario(text, file);
}

/** @throws ProgramError `wrongCall`, as above */
export function parseScenario(text: string, file: string): ScenarioDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) {
    throw problemsError(file, [{ ...placeOf(syntaxError.pos[0], lines), message: syntaxError.message }]);
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  const problems = checkScenario(value);
  if (problems.length > 0 || !isScenario(value)) {
    const placed = problems.map(({ path, atKey, message }) => ({
      ...placeOf(offsetOf(document, path, atKey), lines),
      message,
    }));
    throw problemsError(file, placed);
  }
  return value;
}

function checkScenario(value: unknown): Problem[] {
  const problems = checkSchema(value, SCENARIO_SCHEMA);
  return problems.length > 0 || !isScenario(value) ? problems : checkRules(value);
}

/** The schema describes exactly what the type says. */
function isScenario(value: unknown): value is ScenarioDocument {
  return checkSchema(value, SCENARIO_SCHEMA).length === 0;
}

function problemsError(file: string, problems: readonly PlacedProblem[]): ProgramError {
  const lines = problems
    .slice(0, MOST_PROBLEMS)
    .map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
  const more = problems.length - lines.length;
  if (more > 0) lines.push(`and ${more} more`);
  return wrongCall(
    lines.join('\n'),
    'the format is in docs/scenario.schema.json; an example: sim-device scenario init',
  );
}

function placeOf(offset: number, lines: LineCounter): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Where a path stands in the text; of one that is not there, where its nearest parent stands. */
function offsetOf(document: Document, path: Path, atKey: boolean): number {
  if (path.length === 0) return 0;
  const parent: unknown = document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (atKey && isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === last);
    if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
  }
  const node: unknown = document.getIn(path, true);
  const range = hasRange(node) ? node.range : undefined;
  return range ? range[0] : offsetOf(document, path.slice(0, -1), atKey);
}

function hasRange(node: unknown): node is { range: readonly [number, number, number] | null | undefined } {
  return typeof node === 'object' && node !== null && 'range' in node;
}
