import type { Command } from 'commander';
import { isObject, objectMember } from '../../sdk/service-documents.ts';
import { choice, parseJson, recordWriter, reportError, showProgress, wrongCall } from '../../terminal/index.ts';
import { type BulkItem, changeDevices, inBatches } from '../bulk.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { parseCsvLine } from '../device-list.ts';
import { readInputFile } from '../json-input.ts';
import { type FailedTarget, summarize } from '../target-summary.ts';

export interface ImportOptions {
  readonly file: string;
  readonly mode: (typeof MODES)[number];
  readonly dryRun?: boolean;
}

const MODES = ['create', 'update', 'delete'] as const;

interface ImportRecord {
  deviceId: string;
  imported: boolean;
  error?: object;
}

export function addDeviceImport(host: CommandHost): void {
  addCommand(host, {
    words: 'import <file>',
    examples: ['hub-admin device import devices.ndjson --dry-run', 'hub-admin device import devices.csv -o ndjson'],
  })
    .option('--mode <mode>', 'create, update or delete (default: create)', choice('--mode', MODES))
    .option('--dry-run', 'check the file and show what would be sent, send nothing')
    .action(async (file: string, options: { mode?: ImportOptions['mode']; dryRun?: boolean }, self: Command) => {
      await runDeviceImport(host.open(self), { ...options, file, mode: options.mode ?? 'create' });
    });
}

export async function runDeviceImport(console: Console, options: ImportOptions): Promise<void> {
  const items = parseItems(await readInputFile(console, 'import', options.file), options.file);
  const { output } = console.options;
  if (options.dryRun === true) {
    const writer = recordWriter<object>(console.terminal, { format: output });
    for (const item of items) await writer.write({ deviceId: item.id, dryRun: true, importMode: options.mode });
    await writer.end();
    return;
  }
  const writer = recordWriter<ImportRecord>(console.terminal, { format: output });
  const progress = showProgress(console.terminal, 'import', items.length);
  const failed: FailedTarget[] = [];
  try {
    for (const batch of inBatches(items)) {
      const refused = await changeDevices(console, batch, options.mode);
      for (const { id: deviceId } of batch) {
        const error = refused.get(deviceId);
        if (error !== undefined) failed.push({ deviceId, error });
        progress.step(error === undefined ? 'done' : 'failed');
        await writer.write(
          error === undefined ? { deviceId, imported: true } : { deviceId, imported: false, error: reportError(error) },
        );
      }
    }
    await writer.end();
  } finally {
    progress.end();
  }
  summarize(console, 'import', { total: items.length, failed });
}

/** The items of an import file, checked as far as this side can. */
export function parseItems(text: string, file: string): BulkItem[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) return parseArray(trimmed, file);
  const lines = trimmed.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const [first = '', ...others] = lines;
  if (first.startsWith('{'))
    return lines.map((line, index) => toItem(parseJson(`${file}, line ${index + 1}`, line), file));
  const names = parseCsvLine(first);
  const column = names.findIndex((name) => name === 'deviceId' || name === 'id');
  if (column === -1) return lines.map((line) => toItem({ id: line.trim() }, file));
  return others.map((line) => fromCsv(names, parseCsvLine(line), file));
}

function parseArray(text: string, file: string): BulkItem[] {
  const value = parseJson(file, text);
  return Array.isArray(value) ? value.map((item) => toItem(item, file)) : [];
}

/** `tags.location.plant` as the name of a column becomes a nested object. */
function fromCsv(names: readonly string[], cells: readonly string[], file: string): BulkItem {
  const root: Record<string, unknown> = {};
  names.forEach((name, index) => {
    const cell = cells[index] ?? '';
    const path = name === 'deviceId' ? ['id'] : name.split('.');
    if (cell !== '') place(root, path, cell);
  });
  return toItem(root, file);
}

function place(root: Record<string, unknown>, path: readonly string[], value: string): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) root[name] = value;
  else {
    const inner = { ...objectMember(root, name) };
    place(inner, rest, value);
    root[name] = inner;
  }
}

function toItem(value: unknown, file: string): BulkItem {
  if (!isObject(value)) throw wrongCall(`${file}: each device must be a JSON object`);
  const { deviceId, ...rest } = value;
  const id = rest['id'] ?? deviceId;
  if (typeof id !== 'string' || id === '')
    throw wrongCall(`${file}: a device without id: ${JSON.stringify(value).slice(0, 60)}`);
  const authentication = isObject(rest['authentication']) ? rest['authentication'] : { type: 'sas' };
  const withKeys =
    authentication['type'] === 'sas' && !isObject(authentication['symmetricKey'])
      ? { ...authentication, symmetricKey: { primaryKey: '', secondaryKey: '' } }
      : authentication;
  return { ...rest, id, authentication: withKeys };
}
