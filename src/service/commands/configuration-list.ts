import type { Command } from 'commander';
import type { ConfigurationDocument } from '../../sdk/service-configurations.ts';
import { recordWriter } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { CONFIGURATION_COLUMNS } from '../configuration-view.ts';
import type { Console } from '../console.ts';

export function addConfigurationList(host: CommandHost): void {
  addCommand(host, {
    words: 'list',
    examples: ['hub-admin configuration list', 'hub-admin configuration list -o json'],
  }).action(async (_options: object, self: Command) => {
    await runConfigurationList(host.open(self));
  });
}

export async function runConfigurationList(console: Console): Promise<void> {
  const configurations = await (await (await console.client()).configurations()).list();
  const writer = recordWriter<ConfigurationDocument>(console.terminal, {
    format: console.options.output,
    columns: CONFIGURATION_COLUMNS,
    empty: 'The hub has no configurations.',
  });
  const priority = (each: ConfigurationDocument): number => Number(each['priority'] ?? 0);
  for (const each of configurations.sort((a, b) => priority(b) - priority(a))) await writer.write(each);
  await writer.end();
}
