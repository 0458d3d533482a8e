import { csvLine, type Terminal } from '../terminal/index.ts';

/** Writes records of a stream as CSV, one at a time: a stream has no end to collect columns for, so they are named. */
export function csvRecord(terminal: Terminal, names: readonly string[]): (record: object) => Promise<void> {
  let header = csvLine(names);
  return async (record) => {
    const members = new Map<string, unknown>(Object.entries(record));
    await terminal.write(header + csvLine(names.map((name) => members.get(name))));
    header = '';
  };
}
