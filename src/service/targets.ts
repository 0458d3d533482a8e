import type { Command } from 'commander';
import { ProgramError, wholeNumber, wrongCall } from '../terminal/index.ts';
import { isObject } from '../sdk/service-documents.ts';
import { parseDeviceList } from './device-list.ts';
import type { Console } from './console.ts';
import { readInputFile } from './json-input.ts';
import { completeQuery, queryRows } from './query-text.ts';
import { parseRecordFile } from './record-file.ts';

/** Which devices a command works on. */
export type Selection =
  | { readonly kind: 'device'; readonly deviceId: string }
  | { readonly kind: 'where'; readonly condition: string }
  | { readonly kind: 'all' }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'ids'; readonly deviceIds: readonly string[] }
  /** Those that failed in the records of an earlier run; with `of` also those of it that the run never came to. */
  | { readonly kind: 'failed'; readonly file: string; readonly of: Selection | undefined };

/** The options of target selection as commander hands them over. */
export interface TargetOptions {
  readonly where?: string;
  readonly all?: boolean;
  readonly devicesFrom?: string;
  readonly retryFailed?: string;
  readonly allowNone?: boolean;
  readonly concurrency?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Adds `--where`, `--all`, `--devices-from` and what goes with them; `--yes` and `--dry-run` on what writes. */
export function addTargetOptions(command: Command, { writes }: { writes: boolean }): Command {
  command
    .option('--where <condition>', 'work on every device that meets an IoT Hub condition')
    .option('--all', 'work on every device of the hub')
    .option(
      '--devices-from <file>',
      'work on the devices in a file: one id a line, NDJSON or CSV with deviceId; - is stdin',
    )
    .option(
      '--retry-failed <file>',
      'work on the devices that failed in the records of an earlier run, as -o ndjson or -o json wrote them; with --where, --all or --devices-from also on those that it never came to',
    )
    .option('--allow-none', 'a condition that matches nothing is no error')
    .option(
      '--concurrency <n>',
      'how many devices at most are under way at a time, waiting included, 1 to 1000 (default: as many as the hub takes, and waiting holds up nobody)',
      wholeNumber('--concurrency', { min: 1, max: 1000 }),
    );
  if (!writes) return command;
  return command
    .option('--dry-run', 'show which devices and what would be sent, send nothing')
    .option('--yes', 'do not ask');
}

/** Takes the deviceId from the words, unless the options select; the rest are the command's own. */
export function takeTargets(
  words: readonly string[],
  options: TargetOptions,
): { selection: Selection; rest: string[] } {
  const chosen: Selection[] = [];
  if (options.where !== undefined) chosen.push({ kind: 'where', condition: options.where });
  if (options.all === true) chosen.push({ kind: 'all' });
  if (options.devicesFrom !== undefined) chosen.push({ kind: 'file', file: options.devicesFrom });
  if (chosen.length > 1) throw wrongCall('only one of --where, --all and --devices-from can be given');
  const [of] = chosen;
  const selection: Selection | undefined =
    options.retryFailed === undefined ? of : { kind: 'failed', file: options.retryFailed, of };
  if (selection !== undefined) return { selection, rest: [...words] };
  const [deviceId, ...rest] = words;
  if (deviceId === undefined || deviceId === '') {
    throw wrongCall(
      'no device named',
      'give a deviceId, or select with --where "<condition>", --all, --devices-from <file> or --retry-failed <file>',
    );
  }
  return { selection: { kind: 'device', deviceId }, rest };
}

/** For commands that take nothing but targets. */
export function takeOnlyTargets(words: readonly string[], options: TargetOptions): Selection {
  const { selection, rest } = takeTargets(words, options);
  if (rest.length === 0) return selection;
  const hint =
    selection.kind === 'device'
      ? 'one deviceId only; for several use --where or --devices-from'
      : 'with --where, --all, --devices-from or --retry-failed there is no deviceId';
  throw wrongCall(`unexpected ${rest.map((word) => `"${word}"`).join(' ')}`, hint);
}

/** Whether every device of the hub is meant: that is asked about first. */
export function meansAll(selection: Selection): boolean {
  return selection.kind === 'all' || (selection.kind === 'failed' && selection.of?.kind === 'all');
}

/**
 * The ids of the selected devices, each once.
 *
 * @throws ProgramError `notFound` when there are none, unless `--allow-none`
 */
export async function findTargets(console: Console, selection: Selection, options: TargetOptions): Promise<string[]> {
  const ids = await listTargets(console, selection);
  if (ids.length > 0 || options.allowNone === true) return ids;
  if (selection.kind === 'failed') {
    // Whoever repeats until nothing has failed has arrived.
    console.terminal.notice(`No device is left to do: none failed in ${selection.file}.`);
    return ids;
  }
  throw new ProgramError('notFound', 'NoTargets', nothingSelected(selection), {
    hint: 'try the condition with: hub-admin query; --allow-none makes this no error',
  });
}

function nothingSelected(selection: Selection): string {
  switch (selection.kind) {
    case 'where':
      return `no device meets the condition: ${selection.condition}`;
    case 'file':
      return `there is no device in ${selection.file}`;
    default:
      return 'the hub has no devices';
  }
}

async function listTargets(console: Console, selection: Selection): Promise<string[]> {
  switch (selection.kind) {
    case 'device':
      return [selection.deviceId];
    case 'ids':
      return [...new Set(selection.deviceIds)];
    case 'file': {
      const text = await readInputFile(console, '--devices-from', selection.file);
      return [...new Set(parseDeviceList(text, selection.file))];
    }
    case 'failed': {
      const { done, failed } = parseRecordFile(
        await readInputFile(console, '--retry-failed', selection.file),
        selection.file,
      );
      if (selection.of === undefined) return [...failed];
      return (await listTargets(console, selection.of)).filter((id) => !done.has(id));
    }
    case 'where':
    case 'all':
      return queryIds(console, completeQuery(selection.kind === 'where' ? selection.condition : undefined, 'deviceId'));
  }
}

async function queryIds(console: Console, query: string): Promise<string[]> {
  const ids = new Set<string>();
  for await (const row of queryRows(console, query)) {
    const id = isObject(row) ? row['deviceId'] : undefined;
    if (typeof id === 'string') ids.add(id);
  }
  return [...ids];
}
