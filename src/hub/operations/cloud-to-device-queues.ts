import type { FeedbackAck } from '../model/cloud-to-device-message.ts';
import type { SystemProperties } from '../model/device-message.ts';
import type { Collection } from '../store/collection.ts';
import type { Store } from '../store/store.ts';

/** A queued message as it is kept. */
export interface QueuedMessage {
  readonly deviceId: string;
  readonly sequenceNumber: number;
  /** Base64. */
  readonly body: string;
  readonly properties: Readonly<Record<string, string | null>>;
  readonly systemProperties: SystemProperties;
  readonly ack: FeedbackAck;
  readonly enqueuedMs: number;
  readonly expiresMs: number;
  readonly deliveryCount: number;
}

const NONE: ReadonlyMap<string, QueuedMessage> = new Map();

/** The kept queues of all devices, found by device. Changes run inside `Store.change`. */
export class DeviceQueues {
  readonly #messages: Collection<QueuedMessage>;
  readonly #sequences: Collection<number>;
  readonly #byDevice = new Map<string, Map<string, QueuedMessage>>();

  constructor(store: Store) {
    this.#messages = store.collection('cloudToDeviceMessages');
    this.#sequences = store.collection('cloudToDeviceSequences');
    for (const [key, message] of this.#messages.entries()) this.#index(key, undefined, message);
    this.#messages.onChange((key, before, after) => this.#index(key, before, after));
  }

  /** How many messages a device has to come, those in its hands included. */
  count(deviceId: string): number {
    return this.#byDevice.get(deviceId)?.size ?? 0;
  }

  /** The messages of a device by key. In no order that means anything: a message that was given back keeps its number. */
  of(deviceId: string): ReadonlyMap<string, QueuedMessage> {
    return this.#byDevice.get(deviceId) ?? NONE;
  }

  get(key: string): QueuedMessage | undefined {
    return this.#messages.get(key);
  }

  entries(): IterableIterator<[string, QueuedMessage]> {
    return this.#messages.entries();
  }

  /** Puts a message at the end of its device's queue. */
  addInChange(message: Omit<QueuedMessage, 'sequenceNumber'>): void {
    const sequenceNumber = (this.#sequences.get(message.deviceId) ?? 0) + 1;
    this.#sequences.put(message.deviceId, sequenceNumber);
    this.replaceInChange({ ...message, sequenceNumber });
  }

  replaceInChange(message: QueuedMessage): void {
    this.#messages.put(`${message.deviceId}/${message.sequenceNumber}`, message);
  }

  removeInChange(key: string): void {
    this.#messages.delete(key);
  }

  /** A deleted device leaves nothing behind. */
  dropInChange(deviceId: string): void {
    for (const key of [...this.of(deviceId).keys()]) this.#messages.delete(key);
    this.#sequences.delete(deviceId);
  }

  #index(key: string, before: QueuedMessage | undefined, after: QueuedMessage | undefined): void {
    const deviceId = (after ?? before)?.deviceId;
    if (deviceId === undefined) return;
    const queue = this.#byDevice.get(deviceId) ?? new Map<string, QueuedMessage>();
    if (after === undefined) queue.delete(key);
    else queue.set(key, after);
    if (queue.size === 0) this.#byDevice.delete(deviceId);
    else this.#byDevice.set(deviceId, queue);
  }
}
