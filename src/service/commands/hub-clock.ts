import type { Command } from 'commander';
import type { HubTime } from '../../sdk/service-documents.ts';
import { duration, formatDuration, recordWriter } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { getRunningHub, openLocalClient } from '../running-hub.ts';

const HUNDRED_YEARS_MS = 36_525 * 86_400_000;
const UNTIL_IT_ENDS = 'It goes on from there, until the hub ends.';
const FOR_GOOD =
  'It goes on from there, also when the hub starts again. Back to real time: hub-admin hub reset, and a new start.';

export function addHubClock(host: CommandHost): void {
  const group = host.parent.command('clock').description(host.says);
  const inGroup = { ...host, parent: group };
  addCommand(
    { ...inGroup, isDefault: true },
    {
      words: 'show',
      says: 'Show the time of the local hub, and how far it is ahead of real time.',
      examples: ['hub-admin hub clock', 'hub-admin hub clock show -o json'],
    },
  ).action(async (_options: object, self: Command) => {
    await runHubClock(host.open(self), undefined);
  });
  addCommand(inGroup, {
    words: 'advance',
    says: 'Move the time of the local hub ahead: tokens and messages expire, jobs fall due, retention drops what is old.',
    examples: ['hub-admin hub clock advance 1d', 'hub-admin hub clock advance 90m -o json'],
  })
    .argument(
      '<duration>',
      'how far, such as 90s, 10m, 1h30m or 1d',
      duration('duration', { minMs: 1, maxMs: HUNDRED_YEARS_MS }),
    )
    .action(async (advanceMs: number, _options: object, self: Command) => {
      await runHubClock(host.open(self), advanceMs);
    });
}

/** @param advanceMs undefined: only show */
export async function runHubClock(console: Console, advanceMs: number | undefined): Promise<void> {
  const hub = await getRunningHub(console);
  const client = await openLocalClient(console, hub);
  const time = await client.localHubClock(advanceMs);
  if (console.options.output === 'table') await console.terminal.print(renderCard(cardOf(time)).join('\n'));
  else {
    const writer = recordWriter<HubTime>(console.terminal, { format: console.options.output, single: true });
    await writer.write(time);
    await writer.end();
  }
  if (advanceMs !== undefined) console.terminal.notice(hub.inMemory ? UNTIL_IT_ENDS : FOR_GOOD);
}

function cardOf({ now, aheadMs }: HubTime): Record<string, unknown> {
  return { now, ahead: aheadMs === 0 ? 'not at all: it is real time' : formatDuration(aheadMs) };
}
