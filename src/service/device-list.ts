import { isObject } from '../sdk/service-documents.ts';
import { parseJson, wrongCall } from '../terminal/index.ts';

/**
 * The device ids in a file: one a line, NDJSON objects with `deviceId`, or CSV with a `deviceId` column.
 * Empty lines and lines that start with `#` count for nothing.
 *
 * @throws ProgramError `wrongCall` that names the line
 */
export function parseDeviceList(text: string, file: string): string[] {
  const lines = text
    .split(/\r?\n/)
    .map((line, index) => ({ text: line.trim(), where: `${file}, line ${index + 1}` }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
  const [first] = lines;
  if (first === undefined) return [];
  if (first.text.startsWith('{')) return lines.map((line) => idOfJson(line.text, line.where));
  const column = parseCsvLine(first.text).indexOf('deviceId');
  if (column === -1) return lines.map((line) => line.text);
  return lines.slice(1).map((line) => {
    const id = parseCsvLine(line.text)[column];
    if (id === undefined || id === '') throw wrongCall(`${line.where}: no deviceId in this line`);
    return id;
  });
}

/** The cells of one line of CSV; a quoted cell with a line break in it is not supported. */
export function parseCsvLine(line: string): string[] {
  const cells: string[] = [];
  for (const [, quoted, bare] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    cells.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'));
  }
  return cells;
}

/** Whether every quote of a line of CSV is closed. */
export function isClosedCsv(line: string): boolean {
  return (line.match(/"/g)?.length ?? 0) % 2 === 0;
}

function idOfJson(text: string, where: string): string {
  const value = parseJson(where, text);
  const id = isObject(value) ? (value['deviceId'] ?? value['id']) : undefined;
  if (typeof id === 'string' && id !== '') return id;
  throw wrongCall(`${where}: no deviceId in this line`);
}
