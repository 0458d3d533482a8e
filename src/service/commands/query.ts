import type { Command } from 'commander';
import { isObject, objectMember } from '../../sdk/service-documents.ts';
import { type Column, duration, memberColumns, recordWriter, wholeNumber, wrongCall } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { completeQuery, queryRows } from '../query-text.ts';
import { watchRows } from '../query-watch.ts';
import { valuesOf } from '../sections.ts';
import { addStreamOptions, type StreamOptions } from '../streams.ts';

export type QueryOptions = StreamOptions & {
  readonly text: string | undefined;
  readonly max?: number;
  readonly countOnly?: boolean;
  /** Milliseconds between two runs; absent: one run. */
  readonly watch?: number;
};

const DEFAULT_WATCH_MS = 5000;
/** The hub's own longest page. */
const MAX_PAGE = 100;

type ParsedOptions = Omit<QueryOptions, 'text' | 'watch'> & { watch?: number | true };

export function addQuery(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'query [query]',
    examples: [
      'hub-admin query',
      `hub-admin query "tags.location.plant = 'Redmond43'" -o json`,
      `hub-admin query "SELECT tags.location.plant AS plant, COUNT() AS devices FROM devices GROUP BY tags.location.plant"`,
      `hub-admin query "connectionState = 'Disconnected'" --watch 2s --duration 3s`,
      `hub-admin query --count-only "properties.reported.connectivity = 'cellular'"`,
    ],
  })
    .option('--max <n>', 'end after so many rows (default: all)', wholeNumber('--max', { min: 1, max: 1_000_000_000 }))
    .option('--count-only', 'show how many rows there are instead of the rows')
    .option(
      '--watch [interval]',
      'ask again and again, every 1s to 1h (default: 5s), and mark what changed; elsewhere than on a terminal one NDJSON record a change',
      duration('--watch', { minMs: 1000, maxMs: 3_600_000 }),
    );
  addStreamOptions(command).action(async (text: string | undefined, options: ParsedOptions, self: Command) => {
    const { watch, ...rest } = options;
    const interval = watch === true ? DEFAULT_WATCH_MS : watch;
    await runQuery(host.open(self), { ...rest, text, ...(interval === undefined ? {} : { watch: interval }) });
  });
}

export async function runQuery(console: Console, options: QueryOptions): Promise<void> {
  const rows = (): AsyncGenerator =>
    options.countOnly === true ? countRows(console, options) : readRows(console, options);
  if (options.watch !== undefined) {
    await watchRows(console, { ...options, interval: options.watch, read: () => collect(rows()), columnsFor });
    return;
  }
  if (options.count !== undefined || options.duration !== undefined) {
    throw wrongCall('--count and --duration go with --watch', 'use --max to end after so many rows');
  }
  if (options.countOnly === true) await showCount(console, rows());
  else await showRows(console, rows());
}

async function showRows(console: Console, rows: AsyncGenerator): Promise<void> {
  const { output } = console.options;
  const plain = recordWriter<unknown>(console.terminal, { format: output, empty: 'No rows.' });
  const twins = recordWriter<unknown>(console.terminal, { format: 'table', columns: TWIN_COLUMNS });
  let chosen = output === 'table' ? undefined : plain;
  for await (const row of rows) {
    chosen ??= isTwin(row) ? twins : plain;
    await chosen.write(row);
  }
  await (chosen ?? plain).end();
}

async function showCount(console: Console, rows: AsyncGenerator): Promise<void> {
  const [row] = await collect(rows);
  if (console.options.output === 'table') {
    await console.terminal.print(String(member(row, 'count')));
    return;
  }
  const writer = recordWriter(console.terminal, { format: console.options.output, single: true });
  await writer.write(row);
  await writer.end();
}

async function* readRows(console: Console, { text, max }: QueryOptions): AsyncGenerator {
  let count = 0;
  const options = max !== undefined && max < MAX_PAGE ? { pageSize: max } : {};
  for await (const row of queryRows(console, completeQuery(text), options)) {
    yield row;
    if (++count === max) return;
  }
}

/** The hub counts where it can: a condition becomes `COUNT()`; the rows of a query of one's own are counted here. */
async function* countRows(console: Console, { text }: QueryOptions): AsyncGenerator {
  const own = /^\s*select\b/i.test(text ?? '');
  const query = own ? completeQuery(text) : completeQuery(text, 'COUNT() AS count');
  let count = 0;
  for await (const row of queryRows(console, query)) {
    const counted = member(row, 'count');
    if (own) count += 1;
    else count = typeof counted === 'number' ? counted : 0;
  }
  yield { count };
}

async function collect(rows: AsyncGenerator): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

function columnsFor(rows: readonly unknown[]): readonly Column<unknown>[] {
  return rows.some(isTwin) ? TWIN_COLUMNS : memberColumns(rows);
}

/** What a person wants to see of a whole twin; programs get all of it. */
const TWIN_COLUMNS: readonly Column<unknown>[] = [
  { title: 'deviceId', value: (row) => member(row, 'deviceId') },
  { title: 'status', value: (row) => member(row, 'status') },
  { title: 'connection', value: (row) => member(row, 'connectionState') },
  { title: 'tags', value: (row) => section(row, ['tags']) },
  { title: 'desired', value: (row) => section(row, ['properties', 'desired']) },
  { title: 'reported', value: (row) => section(row, ['properties', 'reported']) },
];

function isTwin(row: unknown): boolean {
  return isObject(row) && typeof row['deviceId'] === 'string' && isObject(row['properties']);
}

function member(row: unknown, name: string): unknown {
  return isObject(row) ? row[name] : undefined;
}

function section(row: unknown, path: readonly string[]): unknown {
  let current = isObject(row) ? row : {};
  for (const name of path) current = objectMember(current, name);
  const values = valuesOf(current);
  return Object.keys(values).length === 0 ? undefined : values;
}
