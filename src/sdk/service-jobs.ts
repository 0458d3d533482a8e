import type { JobClient } from 'azure-iothub';
import { isObject, type JsonObject, objectMember, plain } from './service-documents.ts';
import type { ServiceCall } from './service-errors.ts';
import type { MethodParams, ServiceSdk } from './service-sdk.ts';

/** A scheduled job as the hub shows it. A fresh one has no more than these three members. */
export type JobDocument = JsonObject & { readonly jobId: string; readonly type: string; readonly status: string };

export interface NewJob {
  readonly jobId: string;
  /** A WHERE condition without the keyword; `*` for every device. */
  readonly queryCondition: string;
  readonly startTime: Date | undefined;
  readonly maxExecutionTimeInSeconds: number;
  readonly action:
    | { readonly type: 'scheduleDeviceMethod'; readonly cloudToDeviceMethod: MethodParams }
    | { readonly type: 'scheduleUpdateTwin'; readonly updateTwin: JsonObject };
}

/** Runs a call with its deadline, its errors as ours. */
export type CallHub = <T>(call: Pick<ServiceCall, 'doing' | 'changes'>, work: () => Promise<T>) => Promise<T>;

/** The longest page that the hub gives. */
const PAGE_SIZE = 100;

/** Jobs of a hub. @see service-protocol.md, "Jobs v2" */
export class ServiceJobs {
  readonly #sdk: ServiceSdk;
  readonly #client: JobClient;
  readonly #call: CallHub;

  constructor(sdk: ServiceSdk, client: JobClient, call: CallHub) {
    this.#sdk = sdk;
    this.#client = client;
    this.#call = call;
  }

  async create(job: NewJob): Promise<JobDocument> {
    return readJob(await this.#call({ doing: `create job "${job.jobId}"`, changes: true }, () => this.#schedule(job)));
  }

  async get(jobId: string): Promise<JobDocument> {
    const answer = await this.#call({ doing: `read job "${jobId}"` }, () => this.#client.getJob(inPath(jobId)));
    return readJob(answer.jobStatus);
  }

  async cancel(jobId: string): Promise<JobDocument> {
    const answer = await this.#call({ doing: `cancel job "${jobId}"`, changes: true }, () =>
      this.#client.cancelJob(inPath(jobId)),
    );
    return readJob(answer.jobStatus);
  }

  /** All jobs that the hub remembers, page after page. */
  async *list(filter: { type?: 'scheduleDeviceMethod' | 'scheduleUpdateTwin' }): AsyncGenerator<JobDocument> {
    let token: string | undefined;
    do {
      const page = await this.#call({ doing: 'list the jobs' }, async () => {
        const query = this.#client.createQuery(filter.type, undefined, PAGE_SIZE);
        const answer = await (token === undefined ? query.next() : query.next(token));
        const rows: unknown = answer.result;
        const next: unknown = query.continuationToken;
        return { rows, next };
      });
      if (Array.isArray(page.rows)) yield* page.rows.map(readJob);
      token = typeof page.next === 'string' && page.next !== '' ? page.next : undefined;
    } while (token !== undefined);
  }

  /**
   * JobClient puts null in the place of the payloads 0, false and "", forgets connectTimeoutInSeconds, and cannot say
   * "now" by the hub's clock, so it is not asked here.
   */
  #schedule({ jobId, queryCondition, startTime, maxExecutionTimeInSeconds, action }: NewJob): Promise<unknown> {
    return this.#sdk.rest('PUT', `/jobs/v2/${inPath(jobId)}`, {
      body: {
        jobId,
        queryCondition,
        startTime: startTime?.toISOString() ?? null,
        maxExecutionTimeInSeconds,
        ...action,
        // The only etag that a job takes.
        ...(action.type === 'scheduleUpdateTwin' ? { updateTwin: { ...action.updateTwin, etag: '*' } } : {}),
      },
    });
  }
}

/** How many devices a job has, and how many are done. */
export function jobStatistics(job: JobDocument): { devices: number; succeeded: number; failed: number } {
  const counts = objectMember(job, 'deviceJobStatistics');
  const count = (name: string): number => (typeof counts[name] === 'number' ? counts[name] : 0);
  return { devices: count('deviceCount'), succeeded: count('succeededCount'), failed: count('failedCount') };
}

/** @throws Error when the hub answered something that is no job */
function readJob(value: unknown): JobDocument {
  const document = plain(value);
  if (!isObject(document) || typeof document['jobId'] !== 'string') {
    throw new Error('the hub answered with something that is no job');
  }
  const { jobId, type, status } = document;
  return { ...document, jobId, type: String(type), status: String(status) };
}

/** JobClient puts ids into paths as they are. */
function inPath(jobId: string): string {
  return encodeURIComponent(jobId);
}
