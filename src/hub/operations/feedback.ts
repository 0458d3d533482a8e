import { MAX_FEEDBACK_BATCH, MAX_FEEDBACK_WAIT_MS } from '../model/cloud-to-device-limits.ts';
import {
  FEEDBACK_CONTENT_TYPE,
  isFeedbackWanted,
  type FeedbackRecord,
  type FeedbackStatus,
} from '../model/feedback.ts';
import { formatTimestamp } from '../model/timestamps.ts';
import type { Collection } from '../store/collection.ts';
import type { QueuedMessage } from './cloud-to-device-queues.ts';
import { ServiceQueue } from './feedback-queue.ts';
import type { HubContext } from './hub-context.ts';

interface PendingRecord {
  readonly record: FeedbackRecord;
  readonly recordedMs: number;
}

/** What became of cloud-to-device messages, told to services in batches. @see service-protocol.md, 10 */
export class Feedback {
  /** The batches that are ready to be received. */
  readonly queue: ServiceQueue;
  readonly #context: HubContext;
  readonly #pending: Collection<PendingRecord>;
  #lastKey = 0;

  constructor(context: HubContext, hubName: string) {
    this.#context = context;
    this.queue = new ServiceQueue(context, {
      collection: 'feedbackBatches',
      contentType: FEEDBACK_CONTENT_TYPE,
      userId: hubName,
    });
    this.#pending = context.store.collection('feedbackRecords');
    for (const [key] of this.#pending.entries()) this.#lastKey = Math.max(this.#lastKey, Number(key));
  }

  /** Notes an outcome if the sender asked to be told; runs inside `Store.change`, together with the outcome itself. */
  recordInChange(message: QueuedMessage, status: FeedbackStatus): void {
    const device = this.#context.devices.get(message.deviceId);
    if (device === undefined || !isFeedbackWanted(message.ack, status)) return;
    const nowMs = this.#context.now();
    this.#lastKey += 1;
    this.#pending.put(String(this.#lastKey), {
      recordedMs: nowMs,
      record: {
        originalMessageId: message.systemProperties['message-id'] ?? '',
        enqueuedTimeUtc: formatTimestamp(nowMs),
        statusCode: status,
        description: status,
        deviceId: device.deviceId,
        deviceGenerationId: device.generationId,
      },
    });
    if (this.#pending.size >= MAX_FEEDBACK_BATCH) this.#batchInChange();
  }

  /** Sends a batch that has waited long enough. */
  async sweep(): Promise<void> {
    const [oldest] = this.#pending.values();
    if (oldest !== undefined && this.#context.now() >= oldest.recordedMs + MAX_FEEDBACK_WAIT_MS) {
      await this.#context.store.change(() => this.#batchInChange());
    }
    await this.queue.sweep();
  }

  /** Drops everything, also what is not in a batch yet. */
  async reset(): Promise<void> {
    await this.#context.store.change(() => {
      for (const key of [...this.#pending.entries()].map(([each]) => each)) this.#pending.delete(key);
    });
    await this.queue.reset();
  }

  #batchInChange(): void {
    const batch = [...this.#pending.entries()];
    for (const [key] of batch) this.#pending.delete(key);
    const records = batch.map(([, { record }]) => record).filter((record) => this.#isCurrent(record));
    if (records.length > 0) this.queue.enqueueInChange(JSON.stringify(records));
  }

  /** Records of a deleted device are of no use to anybody, not even to one of the same name. */
  #isCurrent({ deviceId, deviceGenerationId }: FeedbackRecord): boolean {
    return this.#context.devices.get(deviceId)?.generationId === deviceGenerationId;
  }
}
