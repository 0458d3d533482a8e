import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { TwinDocument } from '../../sdk/service-documents.ts';
import { duration } from '../../terminal/index.ts';
import { csvRecord } from '../csv-stream.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { isSameJson, oneLine, pathsOf, valueAt } from '../sections.ts';
import { addStreamOptions, refuseJsonOnStream, streamSignal, type StreamOptions } from '../streams.ts';

export type TwinWatchOptions = StreamOptions & { readonly deviceId: string; readonly interval: number };

/** One value of the twin that changed. */
export interface TwinChange {
  readonly time: string;
  readonly deviceId: string;
  readonly version: unknown;
  /** With its section: `reported.status`, `connectionState`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

const DEFAULT_INTERVAL_MS = 2000;

export function addTwinWatch(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'watch <deviceId>',
    examples: [
      'hub-admin twin watch myDeviceId --duration 3s',
      'hub-admin twin watch myDeviceId --duration 1s -o ndjson',
    ],
  }).option(
    '--interval <duration>',
    'how often the twin is read, 500ms to 1h (default: 2s)',
    duration('--interval', { minMs: 500, maxMs: 3_600_000 }),
  );
  addStreamOptions(command).action(
    async (deviceId: string, options: StreamOptions & { interval?: number }, self: Command) => {
      const interval = options.interval ?? DEFAULT_INTERVAL_MS;
      await runTwinWatch(host.open(self), { ...options, deviceId, interval });
    },
  );
}

export async function runTwinWatch(console: Console, options: TwinWatchOptions): Promise<void> {
  refuseJsonOnStream(console, 'twin watch');
  const client = await console.client();
  const { signal, isOver } = streamSignal(console, options);
  let before = await client.getTwin(options.deviceId);
  console.terminal.notice(`Watching the twin of "${options.deviceId}" …`);
  const write = changeWriter(console);
  let written = 0;
  while (!isOver()) {
    try {
      await delay(options.interval, undefined, { signal });
    } catch (error) {
      if (isOver()) return;
      throw error;
    }
    const after = await client.getTwin(options.deviceId);
    for (const change of changesBetween(before, after, new Date())) {
      await write(change);
      if (++written === options.count) return;
    }
    before = after;
  }
}

/** What differs between two readings of one twin. */
export function changesBetween(before: TwinDocument, after: TwinDocument, now: Date): TwinChange[] {
  const old = watched(before);
  const current = watched(after);
  return pathsOf(old, current)
    .map((path) => ({ path, before: valueAt(old, path), after: valueAt(current, path) }))
    .filter((change) => !isSameJson(change.before, change.after))
    .map((change) => ({
      time: now.toISOString(),
      deviceId: after.deviceId,
      version: after['version'],
      path: change.path.join('.'),
      before: change.before,
      after: change.after,
    }));
}

function watched(twin: TwinDocument): Record<string, unknown> {
  const { desired, reported } = twin.properties;
  return { status: twin['status'], connectionState: twin['connectionState'], tags: twin.tags, desired, reported };
}

function changeWriter(console: Console): (change: TwinChange) => Promise<void> {
  const { terminal } = console;
  switch (console.options.output) {
    case 'csv':
      return csvRecord(terminal, ['time', 'deviceId', 'version', 'path', 'before', 'after']);
    case 'table':
      return (change) =>
        terminal.print(
          `${change.time}  ${change.path}: ${oneLine(change.before ?? null)} -> ${oneLine(change.after ?? null)}`,
        );
    default:
      return (change) => terminal.print(JSON.stringify(change));
  }
}
