import { parseDirectMethodRequest } from '../model/direct-method.ts';
import { HubError } from '../model/hub-error.ts';
import { targetKey, type Target } from '../model/identifiers.ts';
import type { DeviceJob } from '../model/job-result.ts';
import { moveDevice, NO_DEVICES, type Job } from '../model/job.ts';
import { formatTimestamp } from '../model/timestamps.ts';
import { parseTwinChange, patchTwin, type Twin } from '../model/twin.ts';
import type { DirectMethods } from './direct-methods.ts';
import type { HubContext } from './hub-context.ts';
import type { Twins } from './twins.ts';

/** What a job works with. */
export interface JobTools {
  readonly context: HubContext;
  readonly twins: Twins;
  readonly methods: DirectMethods;
  /** Grows from call to call. */
  readonly newOrder: () => string;
  /** Resolves when the next operation on a device may begin. */
  readonly pace: () => Promise<void>;
}

/** Devices that a job works on at once. */
const MAX_AT_ONCE = 100;

type Settled = Pick<DeviceJob, 'methodResponse' | 'error'> & { readonly status: 'completed' | 'failed' };

/** One job while it runs: its devices one after the other, each result durable with its effect. */
export class JobRun {
  readonly #jobId: string;
  readonly #tools: JobTools;
  readonly #work: (key: string, row: DeviceJob) => Promise<void>;
  #stopped = false;

  constructor(job: Job, tools: JobTools) {
    this.#jobId = job.jobId;
    this.#tools = tools;
    this.#work = job.action.type === 'scheduleUpdateTwin' ? this.#updateTwins(job) : this.#callMethods(job);
  }

  /** Writes down for which devices it is, together with "running"; not if it was cancelled meanwhile. */
  async begin(targets: Iterable<Twin>): Promise<void> {
    const { context, newOrder } = this.#tools;
    await context.store.change(() => {
      const job = context.jobs.get(this.#jobId);
      if (job?.status !== 'queued' && job?.status !== 'scheduled') {
        this.#stopped = true;
        return;
      }
      const now = context.now();
      const rows = [...targets].map((target) => newRow(job, target, newOrder(), now));
      for (const row of rows) context.deviceJobs.put(rowKey(job.jobId, row), row);
      const statistics = { ...NO_DEVICES, deviceCount: rows.length, pendingCount: rows.length };
      context.jobs.put(job.jobId, { ...job, status: 'running', startMs: now, statistics });
    });
  }

  /** Works through the devices that are pending; resolves when nothing is left to do or {@link stop} was called. */
  async run(): Promise<void> {
    const keys = keysOf(this.#tools.context, this.#jobId, (row) => row.status === 'pending');
    const next = keys.values();
    await Promise.all(Array.from({ length: Math.min(MAX_AT_ONCE, keys.length) }, () => this.#takeFrom(next)));
    if (this.#stopped) return;
    await this.#tools.context.store.change(() => this.#endInChange('completed'));
  }

  /** Time is up: what is not done has failed, and so has the job. */
  async timeOut(): Promise<void> {
    this.#stopped = true;
    await this.#tools.context.store.change(() => {
      const seconds = this.#tools.context.jobs.get(this.#jobId)?.maxExecutionTimeInSeconds ?? 0;
      const description = `The job had not come so far when its execution time of ${seconds} s was over.`;
      this.failAllInChange((row) => row.status === 'pending' || row.status === 'running', {
        code: 'GenericTimeout',
        description,
      });
      this.#endInChange('failed', `The execution time of ${seconds} s was over before every device was done.`);
    });
  }

  /** Leaves everything as it is: the hub stops. */
  stop(): void {
    this.#stopped = true;
  }

  /** Settles the rows that a hub left behind in the middle of a call: whether the device did it, nobody knows. */
  failAllInChange(which: (row: DeviceJob) => boolean, error: { code: string; description: string }): void {
    for (const key of keysOf(this.#tools.context, this.#jobId, which)) {
      this.#settleInChange(key, { status: 'failed', error });
    }
  }

  async #takeFrom(keys: IterableIterator<string>): Promise<void> {
    for (const key of keys) {
      await this.#tools.pace();
      const row = this.#tools.context.deviceJobs.get(key);
      if (this.#stopped) return;
      if (row !== undefined) await this.#attempt(key, row);
    }
  }

  /** A refusal is that device's result; anything else is a fault of ours and ends the run. */
  async #attempt(key: string, row: DeviceJob): Promise<void> {
    try {
      await this.#work(key, row);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      await this.#settle(key, { status: 'failed', error: { code: error.code, description: error.message } });
    }
  }

  #updateTwins(job: Job): (key: string, row: DeviceJob) => Promise<void> {
    const change = parseTwinChange(job.action.request);
    const { context, twins } = this.#tools;
    return async (key, row) => {
      const changed = await context.store.change(() => {
        if (this.#stopped) return undefined;
        const before = twins.get(row);
        const twin = patchTwin(before, change, { kind: 'any' }, formatTimestamp(context.now()));
        context.twins.put(targetKey(row), twin);
        this.#settleInChange(key, { status: 'completed' });
        return { twin, before };
      });
      if (changed !== undefined) context.events.emit('twinUpdated', { ...changed, change, operation: 'updateTwin' });
    };
  }

  #callMethods(job: Job): (key: string, row: DeviceJob) => Promise<void> {
    const request = parseDirectMethodRequest(job.action.request);
    const { context, methods } = this.#tools;
    return async (key, row) => {
      // Written down before the call: a hub that is killed meanwhile does not call twice.
      await context.store.change(() => {
        context.deviceJobs.put(key, { ...row, status: 'running', startMs: context.now(), updatedMs: context.now() });
        this.#putJobInChange((running) => ({
          ...running,
          statistics: moveDevice(running.statistics, 'pendingCount', 'runningCount'),
        }));
      });
      const methodResponse = await methods.invoke(row, request);
      await this.#settle(key, { status: 'completed', methodResponse });
    };
  }

  async #settle(key: string, settled: Settled): Promise<void> {
    await this.#tools.context.store.change(() => {
      if (!this.#stopped) this.#settleInChange(key, settled);
    });
  }

  #settleInChange(key: string, settled: Settled): void {
    const { deviceJobs, now } = this.#tools.context;
    const row = deviceJobs.get(key);
    if (row?.status !== 'pending' && row?.status !== 'running') return;
    deviceJobs.put(key, { ...row, ...settled, endMs: now(), updatedMs: now() });
    const from = row.status === 'pending' ? 'pendingCount' : 'runningCount';
    const to = settled.status === 'completed' ? 'succeededCount' : 'failedCount';
    this.#putJobInChange((job) => ({ ...job, statistics: moveDevice(job.statistics, from, to) }));
  }

  #endInChange(status: 'completed' | 'failed', failureReason?: string): void {
    const endMs = this.#tools.context.now();
    this.#putJobInChange((job) => ({
      ...job,
      status,
      endMs,
      ...(failureReason === undefined ? {} : { failureReason }),
    }));
  }

  #putJobInChange(change: (job: Job) => Job): void {
    const { jobs } = this.#tools.context;
    const job = jobs.get(this.#jobId);
    if (job !== undefined) jobs.put(this.#jobId, change(job));
  }
}

/** The keys of a job's rows, those that are asked for. */
export function keysOf(
  { deviceJobs }: HubContext,
  jobId: string,
  which: (row: DeviceJob) => boolean = () => true,
): string[] {
  const keys: string[] = [];
  for (const [key, row] of deviceJobs.entries()) if (row.jobId === jobId && which(row)) keys.push(key);
  return keys;
}

function rowKey(jobId: string, target: Target): string {
  return `${jobId}/${targetKey(target)}`;
}

function newRow({ jobId, action }: Job, { deviceId, moduleId }: Target, order: string, now: number): DeviceJob {
  return {
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    jobId,
    jobType: action.type,
    status: 'pending',
    order,
    createdMs: now,
    startMs: now,
    updatedMs: now,
  };
}
