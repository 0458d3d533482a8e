import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isObject, type JsonObject } from '../sdk/service-documents.ts';
import { parseJson, wrongCall } from '../terminal/index.ts';
import { checkNames, parseAssignments } from './assignments.ts';
import type { Console } from './console.ts';

/**
 * The object a write sends: from assignments, or from `--json '<object>'`, `--json @file`, `--json -` (stdin), not from both.
 *
 * @throws ProgramError `wrongCall`
 */
export async function readChange(
  console: Console,
  input: { assignments: readonly string[]; json: string | undefined },
): Promise<JsonObject> {
  if (input.json === undefined) {
    if (input.assignments.length === 0) {
      throw wrongCall('nothing to change', "write assignments such as location.region=US, or --json '<object>'");
    }
    return parseAssignments(input.assignments);
  }
  if (input.assignments.length > 0) {
    throw wrongCall(`either --json or assignments, not both (got "${input.assignments.join(' ')}")`);
  }
  const object = await readJsonObject(console, '--json', input.json);
  checkNames(object, '');
  return object;
}

/** A JSON object from the words of an option: the text itself, `@file`, or `-` for stdin. */
export async function readJsonObject(console: Console, name: string, text: string): Promise<JsonObject> {
  const value = parseJson(name, await readText(console, name, text));
  if (!isObject(value)) throw wrongCall(`${name} must be a JSON object`, `for instance ${name} '{"power_level": 1}'`);
  return value;
}

async function readText(console: Console, name: string, text: string): Promise<string> {
  if (text === '-') return console.terminal.readAll();
  if (!text.startsWith('@')) return text;
  return readInputFile(console, name, text.slice(1));
}

/** A file that the caller named; `-` is stdin. */
export async function readInputFile(console: Console, name: string, file: string): Promise<string> {
  if (file === '-') return console.terminal.readAll();
  try {
    return await readFile(resolve(console.cwd, file), 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw wrongCall(`${name}: the file "${file}" cannot be read: ${reason}`);
  }
}
