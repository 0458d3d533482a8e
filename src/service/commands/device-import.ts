import type { Command } from 'commander';
import { choice, recordWriter, reportError, showProgress } from '../../terminal/index.ts';
import { changeDevices, inBatches } from '../bulk.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { parseImportFile } from '../import-file.ts';
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
  const items = parseImportFile(await readInputFile(console, 'import', options.file), options.file);
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
