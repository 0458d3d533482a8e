import type { Command } from 'commander';
import type { TwinDocument } from '../../sdk/service-documents.ts';
import { duration, formatDuration, json, ProgramError, showWaiting } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { callMethod, methodFailure, MAX_METHOD_TIMEOUT_MS, MIN_METHOD_TIMEOUT_MS } from '../direct-method.ts';
import { poll } from '../polling.ts';
import { type Crowd, runOnTargets, type TargetResult } from '../run-on-targets.ts';
import { lastUpdated } from '../sections.ts';
import { addTargetOptions, type Selection, takeOnlyTargets, type TargetOptions } from '../targets.ts';

export type RebootOptions = TargetOptions & {
  readonly payload?: unknown;
  readonly wait: boolean;
  readonly timeout: number;
};

interface Reboot {
  deviceId: string;
  status: number;
  payload: unknown;
  /** What the device reported; null when nobody waited for it. */
  rebootTime: unknown;
  elapsedMs: number;
}

export function addReboot(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'reboot [words...]',
    usage: '<deviceId> | --where <condition> | --all | --devices-from <file>  [options]',
    examples: [
      'hub-admin reboot myDeviceId',
      'hub-admin reboot myDeviceId --no-wait -o json',
      `hub-admin reboot --where "tags.location.plant = 'Redmond43'" --timeout 2m`,
      `hub-admin reboot --where "tags.location.plant = 'Redmond43'" --concurrency 5 -o ndjson`,
    ],
  });
  addTargetOptions(command, { writes: true })
    .option('--payload <json>', 'the payload of the direct method, JSON (default: null)', json('--payload'))
    .option('--no-wait', 'end when the device has answered, do not wait for its reboot time')
    .option(
      '--timeout <duration>',
      'for everything: the answer and the reboot, 5s to 1h (default: 60s)',
      duration('--timeout', { minMs: 5000, maxMs: 3_600_000 }),
    )
    .action(async (words: string[], options: Omit<RebootOptions, 'timeout'> & { timeout?: number }, self: Command) => {
      const selection = takeOnlyTargets(words, options);
      await runReboot(host.open(self), selection, { ...options, timeout: options.timeout ?? 60_000 });
    });
}

export async function runReboot(console: Console, selection: Selection, options: RebootOptions): Promise<void> {
  await runOnTargets<Reboot>(console, selection, options, {
    verb: 'reboot',
    run: (deviceId, crowd) => rebootDevice(console, deviceId, { ...options, crowd }),
    plan: () => ({ methodName: 'rebootDevice', payload: options.payload ?? null }),
    render: ({ elapsedMs, ...record }) => renderCard({ ...record, took: formatDuration(elapsedMs) }),
    columns: [
      { title: 'status', value: (record) => record.status },
      { title: 'payload', value: (record) => record.payload },
      { title: 'rebootTime', value: (record) => record.rebootTime },
      { title: 'took', value: (record) => formatDuration(record.elapsedMs) },
    ],
    next: ({ deviceId }) => ['hub-admin', 'twin', 'show', deviceId],
  });
}

async function rebootDevice(
  console: Console,
  deviceId: string,
  options: RebootOptions & { crowd: Crowd | undefined },
): Promise<TargetResult<Reboot>> {
  const client = await console.client();
  const before = await client.getTwin(deviceId);
  const startedAt = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - startedAt);
  const answer = await callMethod(console, {
    deviceId,
    methodName: 'rebootDevice',
    payload: options.payload ?? null,
    timeoutMs: Math.min(Math.max(options.timeout, MIN_METHOD_TIMEOUT_MS), MAX_METHOD_TIMEOUT_MS),
    connectTimeoutMs: 0,
  });
  const record = { deviceId, status: answer.status, payload: answer.payload, rebootTime: null };
  const failure = methodFailure({ deviceId, methodName: 'rebootDevice' }, answer);
  if (failure !== undefined) return { record: { ...record, elapsedMs: elapsedMs() }, failure };
  if (!options.wait) return { record: { ...record, elapsedMs: elapsedMs() } };
  const timeoutMs = Math.max(0, options.timeout - elapsedMs());
  const rebootTime = await waitForReboot(console, before, { crowd: options.crowd, timeoutMs });
  return { record: { ...record, rebootTime, elapsedMs: elapsedMs() } };
}

async function waitForReboot(
  console: Console,
  before: TwinDocument,
  { crowd, timeoutMs }: { crowd: Crowd | undefined; timeoutMs: number },
): Promise<unknown> {
  const { deviceId } = before;
  const client = await console.client();
  const look = async (told?: TwinDocument): Promise<TwinDocument | undefined> => {
    const now = told ?? (await client.getTwin(deviceId));
    // The hub's clock decides: what the device writes may be any text, even the same one again.
    return rebootStamp(now) === rebootStamp(before) ? undefined : now;
  };
  const twin = await waitFor(console, { crowd, timeoutMs, since: before }, look);
  if (twin !== undefined) return twin.properties.reported['rebootTime'] ?? null;
  throw new ProgramError(
    'timedOut',
    'NoRebootTime',
    `device "${deviceId}" answered, but reported no rebootTime in time`,
    {
      hint: 'look at it with: hub-admin twin show; or give it longer with --timeout',
    },
  );
}

async function waitFor<T>(
  console: Console,
  { crowd, timeoutMs, since }: { crowd: Crowd | undefined; timeoutMs: number; since: TwinDocument },
  look: (told?: TwinDocument) => Promise<T | undefined>,
): Promise<T | undefined> {
  if (crowd !== undefined) {
    crowd.waits();
    return crowd.reports.until({ since, timeoutMs }, look);
  }
  const text = `Device "${since.deviceId}" answered. Waiting until it reports its reboot time …`;
  const waiting = showWaiting(console.terminal, text);
  try {
    return await poll({ timeoutMs, signal: console.signal, prompt: true }, look);
  } finally {
    waiting.end();
  }
}

function rebootStamp(twin: TwinDocument): string | undefined {
  return lastUpdated(twin.properties.reported, ['rebootTime']);
}
