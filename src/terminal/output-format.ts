import { csvLine, flatten } from './csv.ts';
import { relativeTime } from './relative-time.ts';
import { cellText, renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';

export const OUTPUT_FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** A column of the table for people. Programs get whole records instead. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => unknown;
  /** `time`: shown as how long ago. */
  readonly kind?: 'time';
}

/** What stands in a cell of the table for people. */
export function columnText<Row>(column: Column<Row>, row: Row): string {
  const value = column.value(row);
  return cellText(column.kind === 'time' ? relativeTime(value) : value);
}

/** Takes the records of a command one by one and writes them in one format. Call `end` once, also when there were none. */
export interface RecordWriter<Row> {
  write(row: Row): Promise<void>;
  end(): Promise<void>;
}

export interface RecordWriterOptions<Row> {
  format: OutputFormat;
  /** One device was named: `-o json` is an object instead of an array. */
  single?: boolean;
  /** Columns of the table; without them, the members that the records have. */
  columns?: readonly Column<Row>[];
  /** Said on stderr instead of an empty table. */
  empty?: string;
  /** With `--show-keys`: the records hold keys because they were asked for. */
  secret?: boolean;
}

/** Rows after which the width of the table's columns is settled and rows are written as they come. */
const TABLE_SAMPLE_ROWS = 1000;

type Write = (text: string) => Promise<void>;

/** The writer for `-o`. A table and CSV see records before they settle on columns; JSON and NDJSON are written at once. */
export function recordWriter<Row>(terminal: Terminal, options: RecordWriterOptions<Row>): RecordWriter<Row> {
  const write: Write =
    options.secret === true ? (text) => terminal.printSecret(text.replace(/\n$/, '')) : (text) => terminal.write(text);
  switch (options.format) {
    case 'json':
      return options.single === true ? singleJsonWriter(write) : jsonArrayWriter(write);
    case 'ndjson':
      return { write: (row) => write(`${JSON.stringify(row)}\n`), end: () => Promise.resolve() };
    case 'csv':
      return csvWriter(write);
    case 'table':
      return tableWriter(terminal, write, options);
  }
}

function singleJsonWriter<Row>(write: Write): RecordWriter<Row> {
  return { write: (row) => write(`${JSON.stringify(row, null, 2)}\n`), end: () => Promise.resolve() };
}

function jsonArrayWriter<Row>(write: Write): RecordWriter<Row> {
  let count = 0;
  return {
    write: (row) => {
      const text = JSON.stringify(row, null, 2).replaceAll('\n', '\n  ');
      return write(count++ === 0 ? `[\n  ${text}` : `,\n  ${text}`);
    },
    end: () => write(count === 0 ? '[]\n' : '\n]\n'),
  };
}

/** CSV needs every column before the first line, so records wait until the end. */
function csvWriter<Row>(write: Write): RecordWriter<Row> {
  const rows: Map<string, unknown>[] = [];
  return {
    write: (row) => {
      rows.push(flatten(row));
      return Promise.resolve();
    },
    end: async () => {
      const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
      if (names.length === 0) return;
      await write(csvLine(names));
      for (const row of rows) await write(csvLine(names.map((name) => row.get(name))));
    },
  };
}

function tableWriter<Row>(terminal: Terminal, write: Write, options: RecordWriterOptions<Row>): RecordWriter<Row> {
  let waiting: Row[] = [];
  let written = false;
  const flush = async (): Promise<void> => {
    const columns = options.columns ?? memberColumns(waiting);
    const rows = waiting.map((row) => columns.map((column) => columnText(column, row)));
    const titles = columns.map((column) => column.title);
    const lines = renderTable(titles, rows, { width: terminal.width, colours: terminal.colours });
    const shown = written ? lines.slice(1) : lines;
    waiting = [];
    written = true;
    await write(shown.join('\n') + '\n');
  };
  return {
    write: async (row) => {
      waiting.push(row);
      if (waiting.length >= TABLE_SAMPLE_ROWS) await flush();
    },
    end: async () => {
      if (waiting.length > 0) await flush();
      else if (!written && options.empty !== undefined) terminal.notice(options.empty);
    },
  };
}

/** A column for every member that any of the rows has. */
export function memberColumns<Row>(rows: readonly Row[]): Column<Row>[] {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(asRecord(row))) names.add(name);
  return [...names].map((name) => ({ title: name, value: (row) => asRecord(row)[name] }));
}

function asRecord(row: unknown): Record<string, unknown> {
  return typeof row === 'object' && row !== null && !Array.isArray(row) ? { ...row } : { value: row };
}
