import type { Command } from 'commander';
import type { JsonObject, TwinDocument } from '../../sdk/service-documents.ts';
import { duration, formatDuration } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { type DesiredOutcome, waitForReport } from '../desired-report.ts';
import { readChange } from '../json-input.ts';
import { runOnTargets } from '../run-on-targets.ts';
import { renderChange } from '../sections.ts';
import { addTargetOptions, type Selection, takeTargets, type TargetOptions } from '../targets.ts';

export type SetDesiredOptions = TargetOptions & {
  readonly desired: JsonObject;
  readonly ifMatch?: string;
  readonly wait: boolean;
  readonly timeout: number;
};

type ParsedOptions = TargetOptions & { json?: string; ifMatch?: string; wait?: boolean; timeout?: number };

export function addSetDesired(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'set-desired [words...]',
    usage:
      '<deviceId> <path=text | path:=json …>  [options]\n       hub-admin set-desired --where <condition> <path=text …>  [options]',
    examples: [
      'hub-admin set-desired myDeviceId power_level:=1',
      'hub-admin set-desired myDeviceId configId=2 sendFrequency=5m --wait',
      `hub-admin set-desired myDeviceId --json '{"telemetryConfig": {"configId": "2", "sendFrequency": "5m"}}'`,
    ],
  });
  addTargetOptions(command, { writes: true })
    .option('--json <object>', 'the properties as JSON instead of assignments: the text, @file, or - for stdin')
    .option('--if-match <etag>', 'only if the twin still has this etag (default: whatever it has)')
    .option('--wait', 'wait until the device reports the same values, and success where it reports a status')
    .option(
      '--timeout <duration>',
      'how long --wait waits, 1s to 1h (default: 60s)',
      duration('--timeout', { minMs: 1000, maxMs: 3_600_000 }),
    )
    .action(async (words: string[], options: ParsedOptions, self: Command) => {
      const console = host.open(self);
      const { selection, rest } = takeTargets(words, options);
      const desired = await readChange(console, { assignments: rest, json: options.json });
      const { wait = false, timeout = 60_000 } = options;
      await runSetDesired(console, selection, { ...options, desired, wait, timeout });
    });
}

export async function runSetDesired(console: Console, selection: Selection, options: SetDesiredOptions): Promise<void> {
  if (options.wait) await setAndWait(console, selection, options);
  else await set(console, selection, options);
}

async function set(console: Console, selection: Selection, options: SetDesiredOptions): Promise<void> {
  const before = new Map<string, TwinDocument>();
  await runOnTargets<TwinDocument>(console, selection, options, {
    verb: 'set-desired',
    run: async (deviceId) => {
      const client = await console.client();
      if (console.options.output === 'table') before.set(deviceId, await client.getTwin(deviceId));
      return { record: await write(console, deviceId, options) };
    },
    plan: () => patchOf(options),
    render: (twin) =>
      renderChange(
        `desired properties of "${twin.deviceId}"`,
        before.get(twin.deviceId)?.properties.desired ?? {},
        twin.properties.desired,
      ),
    columns: [{ title: 'version', value: (twin) => twin.properties.desired['$version'] }],
    next: ({ deviceId }) => ['hub-admin', 'twin', 'diff', deviceId],
  });
}

async function setAndWait(console: Console, selection: Selection, options: SetDesiredOptions): Promise<void> {
  await runOnTargets<DesiredOutcome>(console, selection, options, {
    verb: 'set-desired',
    run: async (deviceId, crowd) => {
      const startedAt = performance.now();
      const client = await console.client();
      const before = await client.getTwin(deviceId);
      const after = await write(console, deviceId, options);
      const wait = { timeoutMs: options.timeout, crowd, startedAt };
      return waitForReport(console, { before, after, patch: options.desired }, wait);
    },
    plan: () => patchOf(options),
    render: (record) => [
      ...renderChange(`desired properties of "${record.deviceId}"`, record.before, record.desired),
      ...renderCard({
        reported: record.reported,
        status: record.status ?? undefined,
        took: formatDuration(record.elapsedMs),
      }),
    ],
    columns: [
      { title: 'reported', value: (record) => record.reported },
      { title: 'status', value: (record) => record.status },
      { title: 'took', value: (record) => formatDuration(record.elapsedMs) },
    ],
  });
}

async function write(console: Console, deviceId: string, options: SetDesiredOptions): Promise<TwinDocument> {
  const client = await console.client();
  return client.patchTwin(deviceId, patchOf(options), options.ifMatch ?? '*');
}

function patchOf(options: SetDesiredOptions): JsonObject {
  return { properties: { desired: options.desired } };
}
