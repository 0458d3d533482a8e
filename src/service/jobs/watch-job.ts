import { type JobDocument, jobStatistics } from '../../sdk/service-jobs.ts';
import { formatDuration, ProgramError, recordWriter, showWaiting, type Waiting } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import type { Console } from '../console.ts';
import { poll } from '../polling.ts';
import { outcomeWriter, type TargetOutcome } from '../target-outcome.ts';
import { summarize } from '../target-summary.ts';
import { DEVICE_JOB_COLUMNS, type DeviceJob, readOutcomes } from './device-outcome.ts';

export interface WatchOptions {
  readonly timeoutMs: number;
  /** One device was named: its outcome is an object, and its exit code the command's. */
  readonly single: boolean;
  readonly allowNone: boolean;
}

const OVER = new Set(['completed', 'failed', 'cancelled']);
/** Off a terminal a job that is long under way says so this often. */
const LINE_EVERY_MS = 5000;
/** A small job is over at once. */
const FIRST_PAUSE_MS = 100;
const OUTCOMES_TIMEOUT_MS = 15_000;

export function isOver(job: JobDocument): boolean {
  return OVER.has(job.status);
}

/** Waits until a job is over, then shows what became of each device; the exit code follows. */
export async function watchJob(console: Console, jobId: string, options: WatchOptions): Promise<void> {
  const job = await waitForJob(console, jobId, options.timeoutMs);
  const outcomes = await waitForOutcomes(console, job);
  await showOutcomes(console, outcomes, options.single);
  const failed = outcomes.flatMap(({ deviceId, error }) => (error === undefined ? [] : [{ deviceId, error }]));
  const [only] = failed;
  if (options.single && outcomes.length === 1) {
    if (only !== undefined) throw only.error;
  } else if (outcomes.length > 0) summarize(console, `job ${jobId}`, { total: outcomes.length, failed });
  // A job that ended badly with a reason of its own, not because devices failed.
  if (failed.length === 0) checkEnd(job, outcomes.length, options);
}

function checkEnd(job: JobDocument, devices: number, { allowNone }: WatchOptions): void {
  const { jobId, status } = job;
  if (status === 'cancelled') {
    throw new ProgramError('failed', 'JobCancelled', `job "${jobId}" was cancelled before it began`);
  }
  if (status === 'failed') {
    const { failureReason } = job;
    const reason = typeof failureReason === 'string' ? failureReason : 'the hub gave no reason';
    throw new ProgramError('failed', 'JobFailed', `job "${jobId}" failed: ${reason}`);
  }
  if (devices > 0 || allowNone) return;
  throw new ProgramError('notFound', 'NoTargets', `no device met the condition of job "${jobId}" when it began`, {
    hint: `look at it with: hub-admin job show ${jobId}; --allow-none makes this no error`,
  });
}

async function waitForJob(console: Console, jobId: string, timeoutMs: number): Promise<JobDocument> {
  const jobs = await (await console.client()).jobs();
  const say = reporter(console, jobId);
  try {
    const job = await poll({ timeoutMs, signal: console.signal, firstPauseMs: FIRST_PAUSE_MS }, async () => {
      const now = await jobs.get(jobId);
      if (isOver(now)) return now;
      say.update(now);
      return undefined;
    });
    if (job !== undefined) return job;
  } finally {
    say.end();
  }
  throw new ProgramError('timedOut', 'JobNotDone', `job "${jobId}" was not over within ${formatDuration(timeoutMs)}`, {
    hint: `it goes on; wait for it with: hub-admin job watch ${jobId} --timeout 1h`,
  });
}

/** The hub may be a little late in telling of all the devices that it has counted. */
async function waitForOutcomes(console: Console, job: JobDocument): Promise<TargetOutcome<DeviceJob>[]> {
  const client = await console.client();
  let outcomes: TargetOutcome<DeviceJob>[] = [];
  await poll({ timeoutMs: OUTCOMES_TIMEOUT_MS, signal: console.signal, firstPauseMs: FIRST_PAUSE_MS }, async () => {
    outcomes = await readOutcomes(client, job.jobId);
    return outcomes.length >= jobStatistics(job).devices ? outcomes : undefined;
  });
  return outcomes;
}

/** Says how far a job is: at once when its state changes, and now and then in between. */
function reporter(console: Console, jobId: string): { update(job: JobDocument): void; end(): void } {
  let waiting: Waiting | undefined;
  let state = '';
  let saidAt = 0;
  return {
    update: (job) => {
      const isNews = job.status !== state || console.terminal.tty.stderr || performance.now() - saidAt > LINE_EVERY_MS;
      if (!isNews) return;
      [state, saidAt] = [job.status, performance.now()];
      const text = `Job "${jobId}" is ${job.status}${progressOf(job)}`;
      if (waiting === undefined) waiting = showWaiting(console.terminal, text);
      else waiting.update(text);
    },
    end: () => waiting?.end(),
  };
}

function progressOf(job: JobDocument): string {
  const { devices, succeeded, failed } = jobStatistics(job);
  if (devices === 0) return job.status === 'scheduled' ? `, from ${String(job['startTime'])}` : ' …';
  return `: ${succeeded + failed} of ${devices} done${failed > 0 ? `, ${failed} failed` : ''}`;
}

/** The outcomes as any command with several targets shows them. */
export async function showOutcomes(
  console: Console,
  outcomes: readonly TargetOutcome<DeviceJob>[],
  single: boolean,
): Promise<void> {
  const [only] = outcomes;
  if (single && outcomes.length === 1 && only?.record !== undefined) {
    await showOne(console, only.record);
    return;
  }
  const writer = outcomeWriter(console, { columns: DEVICE_JOB_COLUMNS });
  for (const outcome of outcomes) await writer.write(outcome);
  await writer.end();
}

async function showOne(console: Console, record: DeviceJob): Promise<void> {
  if (console.options.output === 'table') {
    const { deviceId, jobId } = record;
    const shown = Object.fromEntries(DEVICE_JOB_COLUMNS.map(({ title, value }) => [title, value(record)]));
    await console.terminal.print(renderCard({ deviceId, jobId, ...shown }).join('\n'));
    return;
  }
  const writer = recordWriter<object>(console.terminal, { format: console.options.output, single: true });
  await writer.write(record);
  await writer.end();
}
