import { HubError } from '../model/hub-error.ts';
import type { JsonObject } from '../model/json.ts';
import { isJobOver, jobDocument, newJobDocument, parseJob, type Job } from '../model/job.ts';
import { JobRun, keysOf, type JobTools } from './job-run.ts';
import type { PageRequest, Queries } from './queries.ts';
import { parsePageSize } from './row-set.ts';

export interface JobsOptions extends JobTools {
  readonly queries: Queries;
  /** How many jobs run at once; others wait as "queued". */
  readonly maxRunning: number;
  /** Whether a job that would have to wait is refused. */
  readonly refuseMore: boolean;
  /** Told of faults of ours in a job that nobody waits for. */
  readonly onFault: (error: unknown) => void;
}

export interface JobFilter {
  readonly jobType: string | null;
  readonly jobStatus: string | null;
}

const DAY_MS = 86_400_000;
const HISTORY_MS = 30 * DAY_MS;

/** Scheduled jobs. @see service-protocol.md, "Jobs v2" */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #running = new Map<string, JobRun>();
  #closed = false;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /**
   * Schedules a job.
   *
   * @throws HubError ArgumentInvalid, ArgumentNull, JobAlreadyExists, ThrottlingMaxActiveJobCountExceeded
   */
  async create(jobId: string, body: unknown): Promise<JsonObject> {
    const { context, queries, maxRunning, refuseMore } = this.#options;
    const job = parseJob(jobId, body, context.now());
    queries.condition(job.queryCondition);
    await context.store.change(() => {
      if (context.jobs.has(jobId)) throw new HubError('JobAlreadyExists', `job '${jobId}' exists already`);
      if (refuseMore && job.startMs <= context.now() && this.#activeCount() >= maxRunning) {
        throw new HubError(
          'ThrottlingMaxActiveJobCountExceeded',
          `${maxRunning} jobs are active, more than that this tier does not allow`,
        );
      }
      context.jobs.put(jobId, job);
    });
    // Not waited for: the answer is always "queued".
    setImmediate(() => void this.sweep().catch(this.#options.onFault));
    return newJobDocument(job);
  }

  /** @throws HubError JobNotFound */
  document(jobId: string): JsonObject {
    return jobDocument(this.#get(jobId));
  }

  /**
   * Cancels a job that has not begun.
   *
   * @throws HubError JobNotFound, InvalidOperation for one that runs or is over
   */
  async cancel(jobId: string): Promise<JsonObject> {
    const { context } = this.#options;
    const job = await context.store.change(() => {
      const found = this.#get(jobId);
      if (found.status !== 'queued' && found.status !== 'scheduled') {
        throw new HubError(
          'InvalidOperation',
          `job '${jobId}' is ${found.status}: only a waiting job can be cancelled`,
        );
      }
      const cancelled: Job = { ...found, status: 'cancelled', endMs: context.now() };
      context.jobs.put(jobId, cancelled);
      return cancelled;
    });
    return jobDocument(job);
  }

  /**
   * Jobs in the order of creation, page by page.
   *
   * @throws HubError ArgumentInvalid for a page size or continuation token that is none
   */
  list({ jobType, jobStatus }: JobFilter, page: PageRequest): { rows: JsonObject[]; continuation: string | undefined } {
    const size = parsePageSize(page.maxItems);
    const wanted = (job: Job): boolean => (jobType ?? job.action.type) === job.action.type && hasStatus(job, jobStatus);
    const rest = [...this.#options.context.jobs.values()].filter(wanted);
    const begin = page.continuation === undefined ? 0 : placeOf(page.continuation, rest);
    const rows = rest.slice(begin, begin + size);
    const next = rest[begin + size];
    return {
      rows: rows.map(jobDocument),
      continuation: next === undefined ? undefined : Buffer.from(next.jobId).toString('base64url'),
    };
  }

  /** Goes on with the jobs that ran when the hub ended. */
  async resume(): Promise<void> {
    const { context } = this.#options;
    for (const job of [...context.jobs.values()].filter(({ status }) => status === 'running')) {
      const run = new JobRun(job, this.#options);
      await context.store.change(() =>
        run.failAllInChange((row) => row.status === 'running', {
          code: 'ServiceUnavailable',
          description: 'The hub ended before the device had answered.',
        }),
      );
      this.#goOn(job.jobId, run);
    }
  }

  /** Begins what is due, ends what has run out of time, forgets what is older than 30 days. */
  async sweep(): Promise<void> {
    if (this.#closed) return;
    for (const job of [...this.#options.context.jobs.values()]) await this.#look(job);
  }

  /** Removes all jobs and their results. */
  async reset(): Promise<void> {
    for (const run of this.#running.values()) run.stop();
    this.#running.clear();
    for (const job of [...this.#options.context.jobs.values()]) await this.#forget(job.jobId);
  }

  /** What runs is left as it is, and goes on when the hub is opened again. */
  close(): void {
    this.#closed = true;
    for (const run of this.#running.values()) run.stop();
  }

  async #look(job: Job): Promise<void> {
    const { context, maxRunning } = this.#options;
    const now = context.now();
    if (isJobOver(job)) {
      if (now - (job.endMs ?? now) > HISTORY_MS) await this.#forget(job.jobId);
    } else if (job.status === 'running') {
      const endMs = job.startMs + 1000 * job.maxExecutionTimeInSeconds;
      if (now < endMs) return;
      await this.#running.get(job.jobId)?.timeOut();
      this.#running.delete(job.jobId);
    } else if (job.startMs > now) {
      if (job.status === 'queued') await this.#schedule(job.jobId);
    } else if (this.#running.size < maxRunning) {
      await this.#begin(job);
    }
  }

  async #schedule(jobId: string): Promise<void> {
    const { context } = this.#options;
    await context.store.change(() => {
      const job = context.jobs.get(jobId);
      if (job?.status === 'queued') context.jobs.put(jobId, { ...job, status: 'scheduled' });
    });
  }

  async #begin(job: Job): Promise<void> {
    if (this.#running.has(job.jobId)) return; // two sweeps at once
    const run = new JobRun(job, this.#options);
    this.#running.set(job.jobId, run);
    try {
      await run.begin(this.#options.queries.condition(job.queryCondition).all());
    } catch (error) {
      this.#running.delete(job.jobId);
      throw error;
    }
    this.#goOn(job.jobId, run);
  }

  #goOn(jobId: string, run: JobRun): void {
    this.#running.set(jobId, run);
    run
      .run()
      .catch((error: unknown) => {
        if (!this.#closed) this.#options.onFault(error); // a closed store refuses the last writes
      })
      .finally(() => {
        this.#running.delete(jobId);
        setImmediate(() => void this.sweep().catch(this.#options.onFault)); // the next one may begin
      });
  }

  async #forget(jobId: string): Promise<void> {
    const { context } = this.#options;
    await context.store.change(() => {
      for (const key of keysOf(context, jobId)) context.deviceJobs.delete(key);
      context.jobs.delete(jobId);
    });
  }

  #get(jobId: string): Job {
    const job = this.#options.context.jobs.get(jobId);
    if (job === undefined) throw new HubError('JobNotFound', `job '${jobId}' does not exist`);
    return job;
  }

  /** Running, or due and waiting. */
  #activeCount(): number {
    const { context } = this.#options;
    const now = context.now();
    return [...context.jobs.values()].filter((job) => !isJobOver(job) && job.startMs <= now).length;
  }
}

/** The Node SDK's "finished" is any of the three ends. */
function hasStatus(job: Job, status: string | null): boolean {
  return status === null || status === job.status || (status === 'finished' && isJobOver(job));
}

function placeOf(continuation: string, jobs: readonly Job[]): number {
  const jobId = Buffer.from(continuation, 'base64url').toString('utf8');
  const place = jobs.findIndex((job) => job.jobId === jobId);
  if (place < 0) throw new HubError('ArgumentInvalid', 'x-ms-continuation is not a token of this hub');
  return place;
}
