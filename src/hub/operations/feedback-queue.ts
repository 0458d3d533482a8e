import { randomUUID } from 'node:crypto';
import { LOCK_MS, MAX_DELIVERY_COUNT, SERVICE_QUEUE_TTL_MS } from '../model/cloud-to-device-limits.ts';
import type { ServiceMessage } from '../model/feedback-message.ts';
import type { Collection } from '../store/collection.ts';
import { DeliveryLocks } from './cloud-to-device-locks.ts';
import type { HubContext } from './hub-context.ts';

interface KeptMessage {
  readonly sequenceNumber: number;
  readonly body: string;
  readonly enqueuedMs: number;
  readonly deliveryCount: number;
}

/** A durable queue that services receive from: feedback batches, file notifications. @see service-protocol.md, 10 */
export class ServiceQueue {
  readonly #context: HubContext;
  readonly #kept: Collection<KeptMessage>;
  readonly #contentType: string;
  readonly #userId: string;
  readonly #locks = new DeliveryLocks();
  readonly #listeners = new Set<() => void>();
  #lastSequenceNumber = 0;
  #telling = false;

  constructor(context: HubContext, options: { collection: string; contentType: string; userId: string }) {
    this.#context = context;
    this.#kept = context.store.collection(options.collection);
    this.#contentType = options.contentType;
    this.#userId = options.userId;
    for (const { sequenceNumber } of this.#kept.values()) {
      this.#lastSequenceNumber = Math.max(this.#lastSequenceNumber, sequenceNumber);
    }
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Puts a message at the end; runs inside `Store.change`. */
  enqueueInChange(body: string): void {
    this.#lastSequenceNumber += 1;
    const sequenceNumber = this.#lastSequenceNumber;
    this.#kept.put(String(sequenceNumber), {
      sequenceNumber,
      body,
      enqueuedMs: this.#context.now(),
      deliveryCount: 0,
    });
    this.#tell();
  }

  /** Calls back whenever there may be something to receive. @returns stops that */
  onAvailable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hands out the oldest message that nobody holds and locks it for 60 seconds; undefined when there is none. */
  receive(holder?: object): ServiceMessage | undefined {
    const nowMs = this.#context.now();
    const next = this.#oldestFree(nowMs);
    if (next === undefined) return undefined;
    const lockToken = randomUUID();
    this.#locks.lock(String(next.sequenceNumber), { token: lockToken, endsMs: nowMs + LOCK_MS, holder });
    return { ...next, lockToken, contentType: this.#contentType, userId: this.#userId };
  }

  /** @throws HubError DeviceMessageLockLost */
  complete(lockToken: string): Promise<void> {
    return this.#settle(lockToken, (key) => this.#kept.delete(key));
  }

  /** Dead, as nobody reads dead letters: gone. @throws HubError DeviceMessageLockLost */
  reject(lockToken: string): Promise<void> {
    return this.complete(lockToken);
  }

  /** Gives the message back; the tenth time it is gone. @throws HubError DeviceMessageLockLost */
  async abandon(lockToken: string): Promise<void> {
    await this.#settle(lockToken, (key, message) => {
      const deliveryCount = message.deliveryCount + 1;
      if (deliveryCount >= MAX_DELIVERY_COUNT) this.#kept.delete(key);
      else this.#kept.put(key, { ...message, deliveryCount });
    });
    this.#tell();
  }

  /** A receiver has gone: what it did not settle can be received again. */
  releaseHeldBy(holder: object): void {
    if (this.#locks.releaseHeldBy(holder).length > 0) this.#tell();
  }

  /** Drops everything, also what is held. */
  async reset(): Promise<void> {
    await this.#context.store.change(() => {
      for (const key of [...this.#kept.entries()].map(([each]) => each)) {
        this.#kept.delete(key);
        this.#locks.unlock(key);
      }
    });
  }

  /** Drops what is older than an hour and frees what was held too long. */
  async sweep(): Promise<void> {
    if (this.#kept.size === 0) return;
    const nowMs = this.#context.now();
    const freed = this.#locks.releaseExpired(nowMs);
    const old = [...this.#kept.entries()].filter(([, message]) => nowMs >= message.enqueuedMs + SERVICE_QUEUE_TTL_MS);
    if (old.length > 0) {
      await this.#context.store.change(() => {
        for (const [key] of old) this.#kept.delete(key);
      });
    }
    if (freed.length > 0) this.#tell();
  }

  #oldestFree(nowMs: number): KeptMessage | undefined {
    // Insertion order is the order of the queue: a message that was given back kept its place.
    for (const [key, message] of this.#kept.entries()) {
      if (!this.#locks.isLocked(key, nowMs) && nowMs < message.enqueuedMs + SERVICE_QUEUE_TTL_MS) return message;
    }
    return undefined;
  }

  async #settle(lockToken: string, run: (key: string, message: KeptMessage) => void): Promise<void> {
    await this.#context.store.change(() => {
      const key = this.#locks.keyOf(lockToken, this.#context.now());
      const message = this.#kept.get(key);
      if (message !== undefined) run(key, message);
      this.#locks.unlock(key);
    });
  }

  /** Behind the commit that this may be part of, which ends before any other turn of the event loop. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    setImmediate(() => {
      this.#telling = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
