import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { isObject } from '../../sdk/service-documents.ts';
import type { NewJob } from '../../sdk/service-jobs.ts';
import {
  duration,
  formatDuration,
  parseDuration,
  ProgramError,
  recordWriter,
  wrongCall,
} from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { confirmOrRefuse } from '../confirm.ts';
import type { Console } from '../console.ts';
import { completeQuery, queryRows, quoteConstant } from '../query-text.ts';
import { watchJob } from './watch-job.ts';

/** The options that all kinds of jobs have. */
export interface JobOptions {
  readonly where?: string;
  readonly all?: boolean;
  readonly allowNone?: boolean;
  readonly jobId?: string;
  readonly at?: Date;
  readonly maxExecutionTime?: number;
  readonly watch?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Which devices, as a condition of the query language: the hub looks for them when the job begins. */
export type JobTarget =
  | { readonly kind: 'device'; readonly deviceId: string }
  | { readonly kind: 'where'; readonly condition: string }
  | { readonly kind: 'all' };

const DEFAULT_MAX_EXECUTION_MS = 3_600_000;
/** A job that has used up its time is over soon after. */
const WATCH_MARGIN_MS = 60_000;
const JOB_ID = /^[A-Za-z0-9._:-]{1,128}$/;

export function addJobOptions(command: Command): Command {
  return command
    .option('--where <condition>', 'every device that meets an IoT Hub condition when the job begins')
    .option('--all', 'every device of the hub')
    .option('--allow-none', 'a condition that matches nothing is no error')
    .option('--at <time>', 'when it begins: 2030-01-31T22:00:00Z, or 30m from now (default: now)', readTime)
    .option(
      '--max-execution-time <duration>',
      'how long it may take, 1s to 48h (default: 1h); what is not done by then has failed',
      duration('--max-execution-time', { minMs: 1000, maxMs: 48 * 3_600_000 }),
    )
    .option('--watch', 'wait until it is over, and show what became of each device')
    .option('--job-id <id>', 'what it is called (default: a name that says what it does, and a random part)', readJobId)
    .option('--dry-run', 'show which job would be made and how many devices it has now, send nothing')
    .option('--yes', 'do not ask');
}

/** Takes the deviceId from the words, unless the options select; the rest are the command's own. */
export function takeJobTarget(words: readonly string[], options: JobOptions): { target: JobTarget; rest: string[] } {
  const { where, all } = options;
  if (where !== undefined && all === true) throw wrongCall('only one of --where and --all can be given');
  if (where !== undefined) return { target: { kind: 'where', condition: where }, rest: [...words] };
  if (all === true) return { target: { kind: 'all' }, rest: [...words] };
  const [deviceId = '', ...rest] = words;
  if (deviceId === '')
    throw wrongCall('no device named', 'give a deviceId, or select with --where "<condition>" or --all');
  return { target: { kind: 'device', deviceId }, rest };
}

/** For jobs that take nothing but targets. */
export function takeOnlyJobTarget(words: readonly string[], options: JobOptions): JobTarget {
  const { target, rest } = takeJobTarget(words, options);
  if (rest.length === 0) return target;
  throw wrongCall(
    `unexpected ${rest.map((word) => `"${word}"`).join(' ')}`,
    target.kind === 'device'
      ? 'one deviceId only; for several use --where'
      : 'with --where or --all there is no deviceId',
  );
}

/** Makes a job, and waits for its end with `--watch`. */
export async function scheduleJob(
  console: Console,
  { verb, target, options }: { verb: string; target: JobTarget; options: JobOptions },
  action: NewJob['action'],
): Promise<void> {
  const matching = await countTargets(console, target, options);
  const job = newJob({ verb, target, options }, action);
  if (options.dryRun === true) {
    await showPlan(console, job, matching);
    return;
  }
  if (target.kind === 'all') await confirmOrRefuse(console, `${verb} ${matching} devices by a job`, options.yes);
  const jobs = await (await console.client()).jobs();
  const created = await jobs.create(job);
  if (options.watch === true) {
    console.terminal.notice(`Job "${job.jobId}" was made for ${matching === 1 ? '1 device' : `${matching} devices`}.`);
    const watch = { single: target.kind === 'device', allowNone: options.allowNone === true };
    await watchJob(console, job.jobId, { ...watch, timeoutMs: longestMs(job) });
    return;
  }
  if (console.options.output === 'table') {
    const { jobId, type, status } = created;
    const begins = job.startTime?.toISOString() ?? 'now';
    await console.terminal.print(renderCard({ jobId, type, status, begins, 'devices now': matching }).join('\n'));
  } else {
    const writer = recordWriter<object>(console.terminal, { format: console.options.output, single: true });
    await writer.write(created);
    await writer.end();
  }
  console.suggest(['hub-admin', 'job', 'watch', job.jobId]);
}

/** The hub checks the condition here: a job that has none to work on is better not made than looked for later. */
async function countTargets(console: Console, target: JobTarget, options: JobOptions): Promise<number> {
  const condition = conditionOf(target);
  let count = 0;
  for await (const row of queryRows(
    console,
    completeQuery(condition === '*' ? undefined : condition, 'COUNT() AS count'),
  )) {
    const counted = isObject(row) ? row['count'] : undefined;
    if (typeof counted === 'number') count = counted;
  }
  // Until a later job begins, devices may come.
  if (count > 0 || options.allowNone === true || (options.at !== undefined && target.kind !== 'device')) return count;
  if (target.kind === 'device') {
    throw new ProgramError('notFound', 'DeviceNotFound', `there is no device "${target.deviceId}"`, {
      hint: 'list the devices with: hub-admin query "SELECT deviceId FROM devices"',
    });
  }
  throw new ProgramError('notFound', 'NoTargets', `no device meets the condition: ${condition}`, {
    hint: 'try the condition with: hub-admin query; --allow-none makes this no error',
  });
}

function newJob(
  { verb, target, options }: { verb: string; target: JobTarget; options: JobOptions },
  action: NewJob['action'],
): NewJob {
  return {
    jobId: options.jobId ?? `${verb}-${randomBytes(4).toString('hex')}`,
    queryCondition: conditionOf(target),
    startTime: options.at,
    maxExecutionTimeInSeconds: Math.ceil((options.maxExecutionTime ?? DEFAULT_MAX_EXECUTION_MS) / 1000),
    action,
  };
}

function conditionOf(target: JobTarget): string {
  switch (target.kind) {
    case 'device':
      return `deviceId = ${quoteConstant(target.deviceId)}`;
    case 'where':
      return target.condition;
    case 'all':
      return '*';
  }
}

function longestMs({ startTime, maxExecutionTimeInSeconds }: NewJob): number {
  const untilStart = startTime === undefined ? 0 : Math.max(0, startTime.getTime() - Date.now());
  return untilStart + maxExecutionTimeInSeconds * 1000 + WATCH_MARGIN_MS;
}

async function showPlan(console: Console, { action, startTime, ...job }: NewJob, matching: number): Promise<void> {
  const plan = { ...job, ...action, startTime: startTime?.toISOString() ?? null, dryRun: true, devices: matching };
  if (console.options.output === 'table') await console.terminal.print(renderCard(plan).join('\n'));
  else {
    const writer = recordWriter<object>(console.terminal, { format: console.options.output, single: true });
    await writer.write(plan);
    await writer.end();
  }
  console.terminal.notice('Dry run: no job was made.');
}

/** @throws ProgramError `wrongCall` for what is neither a time nor a duration */
function readTime(text: string): Date {
  const fromNow = parseDuration(text.replace(/^\+/, ''));
  if (fromNow !== undefined) return new Date(Date.now() + fromNow);
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return new Date(at);
  throw wrongCall(
    `--at must be a time such as 2030-01-31T22:00:00Z or a duration from now such as ${formatDuration(1_800_000)}, got "${text}"`,
  );
}

function readJobId(text: string): string {
  if (JOB_ID.test(text)) return text;
  throw wrongCall(`--job-id must be 1 to 128 letters, digits, hyphens, underscores, dots and colons, got "${text}"`);
}
