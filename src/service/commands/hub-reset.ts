import type { Command } from 'commander';
import { findRunningHub } from '../../config/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { confirmOrRefuse } from '../confirm.ts';
import type { Console } from '../console.ts';
import { openLocalClient } from '../running-hub.ts';

export function addHubReset(host: CommandHost): void {
  addCommand(host, {
    words: 'reset',
    examples: ['hub-admin hub reset --yes'],
  })
    .option('--yes', 'do not ask')
    .action(async (options: { yes?: boolean }, self: Command) => {
      await runHubReset(host.open(self), options);
    });
}

export async function runHubReset(console: Console, options: { yes?: boolean }): Promise<void> {
  const { tandemHome } = console.settings();
  const running = await findRunningHub(tandemHome);
  if (running === undefined) {
    const what = `forget all devices, twins and messages of the local hub of ${tandemHome}`;
    await confirmOrRefuse(console, what, options.yes);
    const { forgetState } = await import('../../local-hub/index.ts');
    forgetState(tandemHome);
  } else {
    const client = await openLocalClient(console, running);
    const devices = (await client.listDevices()).length;
    const what = `forget the ${devices} devices of the local hub of ${tandemHome}`;
    await confirmOrRefuse(console, what, options.yes);
    await client.controlLocalHub('reset');
  }
  console.terminal.notice('The local hub is empty.');
}
