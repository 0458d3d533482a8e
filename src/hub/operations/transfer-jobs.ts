import { HubError } from '../model/hub-error.ts';
import {
  isTransferOver,
  parseTransferRequest,
  transferDocument,
  type TransferJob,
  type TransferRequest,
} from '../model/job-transfer.ts';
import type { JsonObject } from '../model/json.ts';
import type { HubContext } from './hub-context.ts';

/** Does the work of one job. @returns when it is done; rejects with what the job failed of */
export type Transfer = (
  request: TransferRequest,
  edges: { signal: AbortSignal; progress: (percent: number) => Promise<void> },
) => Promise<void>;

/** Jobs that import or export identities, one at a time. @see service-protocol.md, 4.7 */
export class TransferJobs {
  readonly #context: HubContext;
  readonly #transfer: Transfer;
  readonly #running = new Map<string, AbortController>();
  #closed = false;

  constructor(context: HubContext, transfer: Transfer) {
    this.#context = context;
    this.#transfer = transfer;
  }

  /** @throws HubError ArgumentInvalid, ArgumentNull, JobQuotaExceeded while another one is active */
  async create(body: unknown): Promise<JsonObject> {
    const request = parseTransferRequest(body);
    const { store, transferJobs, now, randomBytes } = this.#context;
    const job = await store.change(() => {
      if ([...transferJobs.values()].some((other) => !isTransferOver(other))) {
        throw new HubError('JobQuotaExceeded', 'another import or export is active, and a hub does one at a time');
      }
      const jobId = newGuid(randomBytes(16));
      const enqueued: TransferJob = { jobId, request, startMs: now(), status: 'enqueued', progress: 0 };
      transferJobs.put(jobId, enqueued);
      return enqueued;
    });
    this.#start(job);
    return transferDocument(job);
  }

  has(jobId: string): boolean {
    return this.#context.transferJobs.has(jobId);
  }

  list(): JsonObject[] {
    return [...this.#context.transferJobs.values()].map(transferDocument);
  }

  /** @throws HubError JobNotFound */
  document(jobId: string): JsonObject {
    return transferDocument(this.#get(jobId));
  }

  /** Ends an active job where it is. @throws HubError JobNotFound, InvalidOperation for one that is over */
  async cancel(jobId: string): Promise<JsonObject> {
    const { store, transferJobs, now } = this.#context;
    const job = await store.change(() => {
      const found = this.#get(jobId);
      if (isTransferOver(found)) throw new HubError('InvalidOperation', `job '${jobId}' is ${found.status} already`);
      const cancelled: TransferJob = { ...found, status: 'cancelled', endMs: now() };
      transferJobs.put(jobId, cancelled);
      return cancelled;
    });
    this.#running.get(jobId)?.abort();
    return transferDocument(job);
  }

  /** After a start: an export begins again; of an import nobody knows how far it came. */
  async resume(): Promise<void> {
    for (const job of [...this.#context.transferJobs.values()].filter((found) => !isTransferOver(found))) {
      if (job.request.type === 'export' || job.status === 'enqueued') this.#start(job);
      else await this.#end(job.jobId, { status: 'failed', failureReason: 'The hub ended while the job was running.' });
    }
  }

  async reset(): Promise<void> {
    const { store, transferJobs } = this.#context;
    for (const running of this.#running.values()) running.abort();
    await store.change(() => {
      for (const jobId of [...transferJobs.entries()].map(([id]) => id)) transferJobs.delete(jobId);
    });
  }

  close(): void {
    this.#closed = true;
    for (const running of this.#running.values()) running.abort();
  }

  #start({ jobId, request }: TransferJob): void {
    const controller = new AbortController();
    this.#running.set(jobId, controller);
    const progress = (percent: number): Promise<void> => this.#put(jobId, { status: 'running', progress: percent });
    void progress(0)
      .then(() => this.#transfer(request, { signal: controller.signal, progress }))
      .then(
        () => this.#end(jobId, { status: 'completed', progress: 100 }),
        (error: unknown) => {
          const failureReason = error instanceof Error ? error.message : String(error);
          return this.#end(jobId, { status: 'failed', failureReason });
        },
      )
      .catch(() => undefined) // the store is closed: the job is found unfinished when the hub is opened again
      .finally(() => this.#running.delete(jobId));
  }

  async #end(jobId: string, end: Partial<TransferJob>): Promise<void> {
    if (this.#closed) return;
    await this.#put(jobId, { ...end, endMs: this.#context.now() });
  }

  /** Of a job that is over, cancelled for example, nothing changes any more. */
  async #put(jobId: string, change: Partial<TransferJob>): Promise<void> {
    const { store, transferJobs } = this.#context;
    await store.change(() => {
      const job = transferJobs.get(jobId);
      if (job !== undefined && !isTransferOver(job)) transferJobs.put(jobId, { ...job, ...change });
    });
  }

  #get(jobId: string): TransferJob {
    const job = this.#context.transferJobs.get(jobId);
    if (job === undefined) throw new HubError('JobNotFound', `job '${jobId}' does not exist`);
    return job;
  }
}

function newGuid(random: Buffer): string {
  const hex = random.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
