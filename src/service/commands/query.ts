import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { isObject, objectMember } from '../../sdk/service-documents.ts';
import { type Column, duration, recordWriter, wholeNumber, wrongCall } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { completeQuery, queryRows } from '../query-text.ts';
import { valuesOf } from '../sections.ts';
import { addStreamOptions, refuseJsonOnStream, streamSignal, type StreamOptions } from '../streams.ts';

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
    says: 'Query the devices in the IoT Hub query language; a bare condition is enough, and nothing means all devices.',
    examples: [
      'hub-admin query',
      `hub-admin query "tags.location.plant = 'Redmond43'" -o json`,
      `hub-admin query "SELECT tags.location.plant AS plant, COUNT() AS devices FROM devices GROUP BY tags.location.plant"`,
      `hub-admin query --count-only "properties.reported.connectivity = 'cellular'"`,
    ],
  })
    .option('--max <n>', 'end after so many rows (default: all)', wholeNumber('--max', { min: 1, max: 1_000_000_000 }))
    .option('--count-only', 'show how many rows there are instead of the rows')
    .option(
      '--watch [interval]',
      'ask again and again, every 1s to 1h (default: 5s)',
      duration('--watch', { minMs: 1000, maxMs: 3_600_000 }),
    );
  addStreamOptions(command).action(async (text: string | undefined, options: ParsedOptions, self: Command) => {
    const { watch, ...rest } = options;
    const interval = watch === true ? DEFAULT_WATCH_MS : watch;
    await runQuery(host.open(self), { ...rest, text, ...(interval === undefined ? {} : { watch: interval }) });
  });
}

export async function runQuery(console: Console, options: QueryOptions): Promise<void> {
  if (options.watch === undefined) {
    if (options.count !== undefined || options.duration !== undefined) {
      throw wrongCall('--count and --duration go with --watch', 'use --max to end after so many rows');
    }
    await runOnce(console, options);
    return;
  }
  refuseJsonOnStream(console, 'query --watch');
  const { signal, isOver } = streamSignal(console, options);
  for (let round = 1; ; round++) {
    if (console.terminal.tty.stdout && console.options.output === 'table')
      await console.terminal.write('\u001b[H\u001b[2J');
    await runOnce(console, options);
    if (round === options.count || isOver()) return;
    try {
      await delay(options.watch, undefined, { signal });
    } catch (error) {
      if (isOver()) return;
      throw error;
    }
  }
}

async function runOnce(console: Console, options: QueryOptions): Promise<void> {
  if (options.countOnly === true) {
    await countRows(console, options);
    return;
  }
  const query = completeQuery(options.text);
  const table = console.options.output === 'table';
  const writer = recordWriter<unknown>(console.terminal, { format: console.options.output, empty: 'No rows.' });
  const twins = recordWriter<unknown>(console.terminal, { format: 'table', columns: TWIN_COLUMNS, empty: 'No rows.' });
  let chosen = table ? undefined : writer;
  for await (const row of limitedRows(console, query, options.max)) {
    chosen ??= isTwin(row) ? twins : writer;
    await chosen.write(row);
  }
  await (chosen ?? writer).end();
}

async function* limitedRows(console: Console, query: string, max: number | undefined): AsyncGenerator {
  let count = 0;
  const options = max !== undefined && max < MAX_PAGE ? { pageSize: max } : {};
  for await (const row of queryRows(console, query, options)) {
    yield row;
    if (++count === max) return;
  }
}

/** The hub counts where it can: a condition becomes `COUNT()`; the rows of a query of one's own are counted here. */
async function countRows(console: Console, options: QueryOptions): Promise<void> {
  const own = /^\s*select\b/i.test(options.text ?? '');
  const query = own ? completeQuery(options.text) : completeQuery(options.text, 'COUNT() AS count');
  let count = 0;
  for await (const row of queryRows(console, query)) {
    const counted = isObject(row) ? row['count'] : undefined;
    if (own) count += 1;
    else count = typeof counted === 'number' ? counted : 0;
  }
  const writer = recordWriter(console.terminal, { format: console.options.output, single: true });
  if (console.options.output === 'table') await console.terminal.print(String(count));
  else await writer.write({ count });
  await writer.end();
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
