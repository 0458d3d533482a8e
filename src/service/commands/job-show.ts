import type { Command } from 'commander';
import { type JobDocument, jobStatistics } from '../../sdk/service-jobs.ts';
import { duration, recordWriter, relativeTime } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { readOutcomes } from '../jobs/device-outcome.ts';
import { isOver, showOutcomes, watchJob } from '../jobs/watch-job.ts';
import { outcomeRecord } from '../target-outcome.ts';

const DEFAULT_WATCH_MS = 3_600_000;

export function addJobShow(host: CommandHost): void {
  addCommand(host, {
    words: 'show <jobId>',
    examples: ['hub-admin job show reboot-1a2b3c4d', 'hub-admin job show reboot-1a2b3c4d -o json'],
  }).action(async (jobId: string, _options: object, self: Command) => {
    await runJobShow(host.open(self), jobId);
  });
}

export function addJobWatch(host: CommandHost): void {
  addCommand(host, {
    words: 'watch <jobId>',
    examples: ['hub-admin job watch reboot-1a2b3c4d', 'hub-admin job watch reboot-1a2b3c4d -o ndjson'],
  })
    .option(
      '--timeout <duration>',
      'how long to wait, 1s to 30d (default: 1h)',
      duration('--timeout', { minMs: 1000, maxMs: 30 * 86_400_000 }),
    )
    .option('--allow-none', 'a job without a device is no error')
    .action(async (jobId: string, options: { timeout?: number; allowNone?: boolean }, self: Command) => {
      const timeoutMs = options.timeout ?? DEFAULT_WATCH_MS;
      await watchJob(host.open(self), jobId, { timeoutMs, single: false, allowNone: options.allowNone === true });
    });
}

export function addJobCancel(host: CommandHost): void {
  addCommand(host, {
    words: 'cancel <jobId>',
    examples: ['hub-admin job cancel tag-5e6f7a8b'],
  }).action(async (jobId: string, _options: object, self: Command) => {
    const console = host.open(self);
    await showJob(console, await (await (await console.client()).jobs()).cancel(jobId));
  });
}

export async function runJobShow(console: Console, jobId: string): Promise<void> {
  const client = await console.client();
  const job = await (await client.jobs()).get(jobId);
  const outcomes = await readOutcomes(client, jobId);
  if (console.options.output !== 'table') {
    await showJob(console, { ...job, devices: outcomes.map(outcomeRecord) });
    return;
  }
  await showJob(console, job);
  if (outcomes.length > 0) {
    await console.terminal.print('');
    await showOutcomes(console, outcomes, false);
  }
  if (!isOver(job)) console.suggest(['hub-admin', 'job', 'watch', jobId]);
}

async function showJob(console: Console, job: JobDocument): Promise<void> {
  if (console.options.output === 'table') {
    await console.terminal.print(renderCard(jobCard(job)).join('\n'));
    return;
  }
  const writer = recordWriter<object>(console.terminal, { format: console.options.output, single: true });
  await writer.write(job);
  await writer.end();
}

function jobCard(job: JobDocument): Record<string, unknown> {
  const { devices, succeeded, failed } = jobStatistics(job);
  const { cloudToDeviceMethod, updateTwin } = job;
  return {
    jobId: job.jobId,
    type: job.type,
    status: job.status,
    reason: job['failureReason'],
    condition: job['queryCondition'],
    method: cloudToDeviceMethod,
    change: updateTwin,
    begins: relativeTime(job['startTime']),
    ended: relativeTime(job['endTime']),
    devices: devices === 0 ? undefined : `${devices}: ${succeeded} done, ${failed} failed`,
  };
}
