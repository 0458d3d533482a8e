import type { Command } from 'commander';
import { recordWriter } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { configurationCard } from '../configuration-view.ts';
import type { Console } from '../console.ts';

export function addConfigurationShow(host: CommandHost): void {
  addCommand(host, {
    words: 'show <configurationId>',
    examples: ['hub-admin configuration show redmond', 'hub-admin configuration show redmond -o json'],
  }).action(async (id: string, _options: object, self: Command) => {
    await runConfigurationShow(host.open(self), id);
  });
}

export async function runConfigurationShow(console: Console, id: string): Promise<void> {
  const configuration = await (await (await console.client()).configurations()).get(id);
  if (console.options.output === 'table') {
    await console.terminal.print(renderCard(configurationCard(configuration)).join('\n'));
    return;
  }
  const writer = recordWriter<object>(console.terminal, { format: console.options.output, single: true });
  await writer.write(configuration);
  await writer.end();
}
