import type { Command } from 'commander';
import { findRunningHub } from '../../config/index.ts';
import { EXIT_CODES, recordWriter, relativeTime } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';

export function addHubStatus(host: CommandHost): void {
  addCommand(host, {
    words: 'status',
    examples: ['hub-admin hub status', 'hub-admin hub status -o json'],
  }).action(async (_options: object, self: Command) => {
    await runHubStatus(host.open(self));
  });
}

export async function runHubStatus(console: Console): Promise<void> {
  const { tandemHome } = console.settings();
  const running = await findRunningHub(tandemHome);
  const record =
    running === undefined
      ? { running: false, home: tandemHome }
      : {
          running: true,
          home: tandemHome,
          hostName: running.hostName,
          hostNames: running.hostNames,
          httpsPort: running.httpsPort,
          mqttPort: running.mqttPort,
          amqpPort: running.amqpPort,
          pid: running.pid,
          startedAt: running.startedAt,
          inMemory: running.inMemory,
          ...(running.tier === undefined ? {} : { tier: running.tier }),
        };
  const shown = { ...record, ...('startedAt' in record ? { startedAt: relativeTime(record.startedAt) } : {}) };
  if (console.options.output === 'table') await console.terminal.print(renderCard(shown).join('\n'));
  else {
    const writer = recordWriter<object>(console.terminal, { format: console.options.output, single: true });
    await writer.write(record);
    await writer.end();
  }
  if (running !== undefined) return;
  console.suggest(['hub-admin', 'hub', '--detach']);
  console.endWith(EXIT_CODES.noHub);
}
