import { setTimeout as delay } from 'node:timers/promises';
import { type Column, columnText, formatDuration, ProgramError, renderTable } from '../terminal/index.ts';
import type { Console } from './console.ts';
import { csvRecord } from './csv-stream.ts';
import { changesOf, type KeyedRows, keyRows, type RowChange } from './row-changes.ts';
import { refuseJsonOnStream, streamSignal, type StreamOptions } from './streams.ts';

export type WatchOptions = StreamOptions & {
  /** Milliseconds between two readings. */
  readonly interval: number;
  readonly read: () => Promise<unknown[]>;
  readonly columnsFor: (rows: readonly unknown[]) => readonly Column<unknown>[];
};

interface Reading {
  readonly time: Date;
  readonly before: KeyedRows | undefined;
  readonly after: KeyedRows;
  readonly changes: ReadonlyMap<string, RowChange>;
}

/**
 * Reads rows again and again. A terminal shows the rows with what changed marked; elsewhere each row is one record when
 * watching begins, and each change one after that.
 */
export async function watchRows(console: Console, options: WatchOptions): Promise<void> {
  refuseJsonOnStream(console, 'query --watch');
  const { signal, isOver } = streamSignal(console, options);
  const show = showFor(console, options);
  let before: KeyedRows | undefined;
  for (;;) {
    const rows = await readOrExplain(console, options.read, before === undefined);
    if (rows !== undefined) {
      const after = keyRows(rows);
      if (await show({ time: new Date(), before, after, changes: changesOf(before, after) })) return;
      before = after;
    }
    if (isOver()) return;
    try {
      await delay(options.interval, undefined, { signal });
    } catch (error) {
      if (isOver()) return;
      throw error;
    }
  }
}

/** Who watches for hours is not sent away by one reading that failed; the first one must succeed. */
async function readOrExplain(
  console: Console,
  read: () => Promise<unknown[]>,
  isFirst: boolean,
): Promise<unknown[] | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isFirst || !(error instanceof ProgramError) || error.exit !== 'noHub') throw error;
    console.terminal.notice(`${error.message}; trying again`);
    return undefined;
  }
}

/** @returns what shows one reading and says whether `--count` is reached */
function showFor(console: Console, options: WatchOptions): (reading: Reading) => Promise<boolean> {
  const { terminal } = console;
  let left = options.count ?? Number.POSITIVE_INFINITY;
  if (console.options.output === 'table' && terminal.tty.stdout) {
    return async (reading) => {
      await terminal.write(`\u001b[H\u001b[2J${screen(console, options, reading).join('\n')}\n`);
      left -= reading.changes.size;
      return left <= 0;
    };
  }
  const write =
    console.options.output === 'csv'
      ? csvRecord(terminal, ['time', 'change', 'row', 'before'])
      : (record: object) => terminal.print(JSON.stringify(record));
  return async ({ time, before, changes }) => {
    if (before === undefined) terminal.notice(`Watching, every ${formatDuration(options.interval)} …`);
    for (const change of changes.values()) {
      await write({ time: time.toISOString(), ...change });
      if (--left <= 0) return true;
    }
    return false;
  };
}

const MARKS = { present: ' ', added: '+', changed: '~', removed: '-' } as const;
/** The heading, the titles, the line that counts what did not fit, and the cursor's own. */
const OTHER_LINES = 5;

/** What the terminal shows: every row, marked where it changed, the changed cells in colour; removed ones a last time. */
function screen(console: Console, options: WatchOptions, { time, before, after, changes }: Reading): string[] {
  const { terminal } = console;
  const removed = [...changes].filter(([, { change }]) => change === 'removed');
  const all = [...after].concat(removed.map(([key, { row }]) => [key, row]));
  const shown = all.slice(0, Math.max(1, terminal.height - OTHER_LINES));
  const columns = options.columnsFor(all.map(([, row]) => row));
  const cells = shown.map(([key, row]) => [
    MARKS[changes.get(key)?.change ?? 'present'],
    ...columns.map((column) => columnText(column, row)),
  ]);
  const old = shown.map(([key]) =>
    columns.map((column) => (before?.has(key) === true ? columnText(column, before.get(key)) : '')),
  );
  const { colours } = terminal;
  const table = renderTable(['', ...columns.map((column) => column.title)], cells, {
    width: terminal.width,
    colours,
    style: (text, { row, column }) => {
      const change = changes.get(shown[row]?.[0] ?? '')?.change;
      if (change === 'added') return colours.green(text);
      if (change === 'removed') return colours.red.dim(text);
      const isChanged = change === 'changed' && (column === 0 || cells[row]?.[column] !== old[row]?.[column - 1]);
      return isChanged ? colours.yellow.bold(text) : text;
    },
  });
  const count = all.length - removed.length;
  const heading = `${count} ${count === 1 ? 'row' : 'rows'} at ${time.toLocaleTimeString()}, every ${formatDuration(options.interval)}${tally(changes)}`;
  const rest = all.length - shown.length;
  return [colours.dim(heading), '', ...table, ...(rest > 0 ? [colours.dim(`… and ${rest} more rows`)] : [])];
}

function tally(changes: ReadonlyMap<string, RowChange>): string {
  const kinds = ['added', 'changed', 'removed'] as const;
  return kinds
    .map((kind) => ({ kind, count: [...changes.values()].filter(({ change }) => change === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `, ${count} ${kind}`)
    .join('');
}
