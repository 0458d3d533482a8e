import type { Command } from 'commander';
import { recordWriter } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { confirmOrRefuse } from '../confirm.ts';
import type { Console } from '../console.ts';

export interface ConfigurationDeleteOptions {
  readonly id: string;
  readonly ifMatch?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function addConfigurationDelete(host: CommandHost): void {
  addCommand(host, {
    words: 'delete <configurationId>',
    examples: ['hub-admin configuration delete redmond --dry-run', 'hub-admin configuration delete redmond --yes'],
  })
    .option('--if-match <etag>', 'only if the configuration has this etag (default: whatever it has)')
    .option('--dry-run', 'only say what would be deleted')
    .option('--yes', 'do not ask')
    .action(async (id: string, options: Omit<ConfigurationDeleteOptions, 'id'>, self: Command) => {
      await runConfigurationDelete(host.open(self), { ...options, id });
    });
}

export async function runConfigurationDelete(console: Console, options: ConfigurationDeleteOptions): Promise<void> {
  const { id, ifMatch = '*', dryRun = false } = options;
  const configurations = await (await console.client()).configurations();
  if (dryRun) await configurations.get(id);
  else {
    await confirmOrRefuse(console, `delete configuration "${id}"`, options.yes);
    await configurations.delete(id, ifMatch);
  }
  if (console.options.output === 'table') {
    await console.terminal.print(dryRun ? `Configuration "${id}" would be deleted.` : `Deleted configuration "${id}".`);
    return;
  }
  const writer = recordWriter<object>(console.terminal, { format: console.options.output, single: true });
  await writer.write({ id, deleted: !dryRun, ...(dryRun ? { dryRun } : {}) });
  await writer.end();
}
