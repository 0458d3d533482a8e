import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { findRunningHub, isProcessAlive } from '../../config/index.ts';
import { ProgramError } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { getRunningHub, openLocalClient } from '../running-hub.ts';

const STOP_TIMEOUT_MS = 15_000;
const POLL_MS = 50;

export function addHubStop(host: CommandHost): void {
  addCommand(host, {
    words: 'stop',
    examples: ['hub-admin hub stop'],
  }).action(async (_options: object, self: Command) => {
    await runHubStop(host.open(self));
  });
}

/** Over HTTPS, not by a signal: Windows has none to send. */
export async function runHubStop(console: Console): Promise<void> {
  const running = await getRunningHub(console);
  const { tandemHome } = console.settings();
  await (await openLocalClient(console, running)).controlLocalHub('stop');
  const endsAt = performance.now() + STOP_TIMEOUT_MS;
  // A sim-device that brought the hub lives on: then the missing discovery file says that the hub is gone.
  while (isProcessAlive(running.pid) && (await findRunningHub(tandemHome))?.instanceId === running.instanceId) {
    if (performance.now() > endsAt) {
      throw new ProgramError('timedOut', 'HubNotStopped', `the local hub (process ${running.pid}) does not end`, {
        hint: `end that process yourself`,
      });
    }
    await delay(POLL_MS, undefined, { signal: console.signal });
  }
  console.terminal.notice('The local hub has stopped.');
  console.suggest(['hub-admin', 'hub', '--detach']);
}
