import type { Command } from 'commander';
import { duration, formatDuration, ProgramError, recordWriter, showWaiting } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { poll } from '../polling.ts';
import { quoteConstant, queryRows } from '../query-text.ts';

export interface WaitOptions {
  readonly deviceId: string;
  readonly condition: string;
  readonly timeout: number;
}

export function addWait(host: CommandHost): void {
  addCommand(host, {
    words: 'wait <deviceId> <condition>',
    examples: [
      `hub-admin wait myDeviceId "connectionState = 'Connected'"`,
      `hub-admin wait myDeviceId "properties.reported.status = 'Success'" --timeout 2m`,
    ],
  })
    .option(
      '--timeout <duration>',
      'how long to wait, 1s to 24h (default: 60s)',
      duration('--timeout', { minMs: 1000, maxMs: 86_400_000 }),
    )
    .action(async (deviceId: string, condition: string, options: { timeout?: number }, self: Command) => {
      await runWait(host.open(self), { deviceId, condition, timeout: options.timeout ?? 60_000 });
    });
}

/** The hub itself decides whether the condition is met, so that it means here what it means in a query. */
export async function runWait(console: Console, options: WaitOptions): Promise<void> {
  const { deviceId, condition } = options;
  const client = await console.client();
  await client.getTwin(deviceId); // a device that is not there will never meet it
  const query = `SELECT deviceId FROM devices WHERE deviceId = ${quoteConstant(deviceId)} AND (${condition})`;
  const startedAt = performance.now();
  const waiting = showWaiting(console.terminal, `Waiting until "${deviceId}" meets: ${condition}`);
  try {
    const met = await poll({ timeoutMs: options.timeout, signal: console.signal }, async () => {
      for await (const row of queryRows(console, query)) return row;
      return undefined;
    });
    if (met === undefined) {
      throw new ProgramError(
        'timedOut',
        'ConditionNotMet',
        `"${deviceId}" did not meet the condition within ${formatDuration(options.timeout)}: ${condition}`,
        {
          hint: `look at it with: hub-admin twin show ${deviceId}; or give it longer with --timeout`,
        },
      );
    }
  } finally {
    waiting.end();
  }
  const elapsedMs = Math.round(performance.now() - startedAt);
  await show(console, { deviceId, condition, elapsedMs });
}

async function show(
  console: Console,
  record: { deviceId: string; condition: string; elapsedMs: number },
): Promise<void> {
  if (console.options.output === 'table') {
    const { elapsedMs, ...rest } = record;
    await console.terminal.print(renderCard({ ...rest, took: formatDuration(elapsedMs) }).join('\n'));
    return;
  }
  const writer = recordWriter(console.terminal, { format: console.options.output, single: true });
  await writer.write(record);
  await writer.end();
}
