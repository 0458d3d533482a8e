import { parseJson, wrongCall } from '../terminal/index.ts';
import { isObject, type JsonObject } from '../sdk/service-documents.ts';

/** A tree under construction: a Map keeps a name like `__proto__` what it is, data. */
type Branch = Map<string, Branch | Leaf>;
interface Leaf {
  readonly value: unknown;
}

/**
 * The object that assignments describe: `path=value` is a string, `path:=json` is JSON, dots make nested objects.
 *
 * @throws ProgramError `wrongCall` that names the assignment
 */
export function parseAssignments(words: readonly string[]): JsonObject {
  const root: Branch = new Map();
  for (const word of words) {
    const match = /^([^=]*?)(:?)=([\s\S]*)$/.exec(word);
    if (match === null) {
      throw wrongCall(
        `"${word}" is not an assignment`,
        'write path=text or path:=json, for instance location.region=US or power_level:=1',
      );
    }
    const [, path = '', json, text = ''] = match;
    const value: unknown = json === ':' ? parseJson(`the value of ${path}`, text) : text;
    assign(root, { word, names: parsePath(path, word), value });
    checkNames(value, path);
  }
  return toObject(root);
}

/** The names of a path; a dot inside a name is refused, because IoT Hub forbids it. */
function parsePath(path: string, word: string): string[] {
  if (path.includes('\\.')) {
    throw wrongCall(
      `"${word}": IoT Hub forbids dots in property names, so a dot cannot be escaped`,
      'use another name; dots make nested objects',
    );
  }
  const names = path.split('.');
  if (names.includes(''))
    throw wrongCall(`"${word}": a name in its path is empty`, 'write path=text, such as a.b=text');
  names.forEach((name) => checkName(name, path));
  return names;
}

/** Names that IoT Hub refuses, anywhere in a JSON value: better said here, with the path, than by the hub. */
export function checkNames(value: unknown, path: string): void {
  if (Array.isArray(value)) value.forEach((item, index) => checkNames(item, `${path}[${index}]`));
  if (!isObject(value)) return;
  for (const [name, member] of Object.entries(value)) {
    const inner = path === '' ? name : `${path}.${name}`;
    checkName(name, inner);
    checkNames(member, inner);
  }
}

// eslint-disable-next-line no-control-regex -- the rule is about control characters (service-protocol.md, 5.4)
const FORBIDDEN_IN_NAMES = /[.$\s\u0000-\u001f\u007f-\u009f]/;

function checkName(name: string, path: string): void {
  const forbidden = FORBIDDEN_IN_NAMES.exec(name)?.[0];
  if (forbidden === undefined) return;
  const shown = forbidden === '.' ? 'a dot' : forbidden === '$' ? 'a $' : 'a space or control character';
  throw wrongCall(
    `the property name ${JSON.stringify(name)} (in ${JSON.stringify(path)}) has ${shown}, which IoT Hub forbids`,
    'names may have anything but dots, $, spaces and control characters; nest objects instead of dots',
  );
}

function assign(root: Branch, { word, names, value }: { word: string; names: string[]; value: unknown }): void {
  let branch = root;
  for (const name of names.slice(0, -1)) {
    const next = branch.get(name) ?? new Map<string, Branch | Leaf>();
    if (!(next instanceof Map)) throw wrongCall(`"${word}" contradicts an assignment before it`);
    branch.set(name, next);
    branch = next;
  }
  const last = names.at(-1) ?? '';
  if (branch.has(last)) throw wrongCall(`"${word}" contradicts an assignment before it`);
  branch.set(last, { value });
}

function toObject(branch: Branch): JsonObject {
  return Object.fromEntries(
    [...branch].map(([name, node]) => [name, node instanceof Map ? toObject(node) : node.value]),
  );
}
