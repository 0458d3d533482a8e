import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { findRunningHub } from '../../config/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { confirmOrRefuse } from '../confirm.ts';
import type { Console } from '../console.ts';
import { openLocalClient } from '../running-hub.ts';

/** The state of a hub that does not run; certificates stay, so that whoever trusts them goes on trusting. */
const STATE_FILES = ['state.db', 'state.db-wal', 'state.db-shm', 'events'] as const;

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
    await confirmOrRefuse(console, `forget everything the local hub of ${tandemHome} knows`, options.yes);
    for (const name of STATE_FILES) rmSync(join(tandemHome, name), { recursive: true, force: true });
  } else {
    const client = await openLocalClient(console, running);
    const devices = (await client.listDevices()).length;
    const what = `forget the ${devices} devices of the local hub of ${tandemHome}`;
    await confirmOrRefuse(console, what, options.yes);
    await client.controlLocalHub('reset');
  }
  console.terminal.notice('The local hub is empty.');
}
