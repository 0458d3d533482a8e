import { isObject, objectMember } from '../sdk/service-documents.ts';
import { wrongCall } from '../terminal/index.ts';
import type { BulkItem } from './bulk.ts';
import { isClosedCsv, parseCsvLine } from './device-list.ts';

/** What an item of a file is called in messages: `devices.csv, line 3`. */
interface Line {
  readonly text: string;
  readonly where: string;
}

/**
 * The devices of a file to import, checked as far as this side can: NDJSON or a JSON array as `device export` writes it, CSV
 * whose columns are paths (`tags.location.plant`), or one id a line. Empty lines and lines that start with `#` count for nothing.
 *
 * @throws ProgramError `wrongCall` that names the line
 */
export function parseImportFile(text: string, file: string): BulkItem[] {
  if (text.trimStart().startsWith('[')) return parseArray(text, file);
  const lines = text
    .split(/\r?\n/)
    .map((line, index): Line => ({ text: line.trim(), where: `${file}, line ${index + 1}` }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
  const [first, ...others] = lines;
  if (first === undefined) return [];
  if (first.text.startsWith('{')) return lines.map((line) => toItem(parseLine(line), line.where));
  const names = parseCsvLine(first.text);
  if (!names.some((name) => name === 'deviceId' || name === 'id')) {
    return lines.map((line) => toItem({ id: line.text }, line.where));
  }
  return others.map((line) => fromCsv(names, line));
}

function parseArray(text: string, file: string): BulkItem[] {
  const items = parseLine({ text, where: file });
  return Array.isArray(items) ? items.map((item, index) => toItem(item, `${file}, device ${index + 1}`)) : [];
}

function parseLine({ text, where }: Line): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = 'one JSON object a line, or an array of them, as hub-admin device export writes it';
    throw wrongCall(`${where} is not JSON: ${reason}; got ${excerpt(text)}`, hint);
  }
}

/** `tags.location.plant` as the name of a column becomes a nested object; an empty cell is no value. */
function fromCsv(names: readonly string[], { text, where }: Line): BulkItem {
  if (!isClosedCsv(text)) throw wrongCall(`${where}: a quote is not closed`);
  const cells = parseCsvLine(text);
  if (cells.length > names.length) {
    throw wrongCall(`${where} has ${cells.length} cells, the first line names ${names.length}`);
  }
  const root: Record<string, unknown> = {};
  names.forEach((name, index) => {
    const cell = cells[index] ?? '';
    const path = name === 'deviceId' ? ['id'] : name.split('.');
    if (cell !== '') place(root, path, path[0] === 'capabilities' ? cell === 'true' : cell);
  });
  return toItem(root, where);
}

function place(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) root[name] = value;
  else {
    const inner = { ...objectMember(root, name) };
    place(inner, rest, value);
    root[name] = inner;
  }
}

function toItem(value: unknown, where: string): BulkItem {
  if (!isObject(value)) throw wrongCall(`${where}: each device must be a JSON object, got ${excerpt(value)}`);
  const { deviceId, ...rest } = value;
  const id = rest['id'] ?? deviceId;
  if (typeof id !== 'string' || id === '') throw wrongCall(`${where}: a device without id: ${excerpt(value)}`);
  const authentication = isObject(rest['authentication']) ? rest['authentication'] : { type: 'sas' };
  const withKeys =
    authentication['type'] === 'sas' && !isObject(authentication['symmetricKey'])
      ? { ...authentication, symmetricKey: { primaryKey: '', secondaryKey: '' } }
      : authentication;
  return { ...rest, id, authentication: withKeys };
}

const EXCERPT_LENGTH = 40;

/** Short enough that no key can stand in it: `{"authentication":{"symmetricKey":{"primaryKey":"` is longer. */
function excerpt(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}…` : text;
}
