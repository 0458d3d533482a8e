import type { Command } from 'commander';
import { type JobDocument, jobStatistics } from '../../sdk/service-jobs.ts';
import { choice, type Column, recordWriter, wholeNumber } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';

const TYPES = { method: 'scheduleDeviceMethod', twin: 'scheduleUpdateTwin' } as const;
const STATUSES = ['queued', 'scheduled', 'running', 'completed', 'failed', 'cancelled'] as const;

export interface JobListOptions {
  readonly type?: keyof typeof TYPES;
  readonly status?: (typeof STATUSES)[number];
  readonly max?: number;
}

export function addJobList(host: CommandHost): void {
  addCommand(host, {
    words: 'list',
    examples: ['hub-admin job list', 'hub-admin job list --status running -o json'],
  })
    .option('--type <type>', 'method or twin (default: both)', choice('--type', ['method', 'twin']))
    .option('--status <status>', `only those that are ${STATUSES.join(', ')}`, choice('--status', STATUSES))
    .option('--max <n>', 'end after so many (default: all)', wholeNumber('--max', { min: 1, max: 1_000_000 }))
    .action(async (options: JobListOptions, self: Command) => {
      await runJobList(host.open(self), options);
    });
}

export async function runJobList(console: Console, options: JobListOptions): Promise<void> {
  const jobs = await (await console.client()).jobs();
  const writer = recordWriter<JobDocument>(console.terminal, {
    format: console.options.output,
    columns: COLUMNS,
    empty: 'No jobs.',
  });
  let count = 0;
  for await (const job of jobs.list(options.type === undefined ? {} : { type: TYPES[options.type] })) {
    // The hub's own filter knows fewer states than its jobs have.
    if (options.status !== undefined && job.status !== options.status) continue;
    if (count++ === options.max) break;
    await writer.write(job);
  }
  await writer.end();
}

const COLUMNS: readonly Column<JobDocument>[] = [
  { title: 'jobId', value: (job) => job.jobId },
  { title: 'type', value: (job) => job.type },
  { title: 'status', value: (job) => job.status },
  { title: 'begins', value: (job) => job['startTime'], kind: 'time' },
  { title: 'devices', value: (job) => jobStatistics(job).devices },
  { title: 'done', value: (job) => jobStatistics(job).succeeded },
  { title: 'failed', value: (job) => jobStatistics(job).failed },
];
