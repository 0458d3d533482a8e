import { randomUUID } from 'node:crypto';
import { LOCK_MS, MAX_CLOUD_TO_DEVICE_QUEUE, MAX_DELIVERY_COUNT } from '../model/cloud-to-device-limits.ts';
import {
  checkCloudToDeviceMessage,
  type CloudToDeviceMessage,
  type ReceivedMessage,
} from '../model/cloud-to-device-message.ts';
import type { SystemProperties } from '../model/device-message.ts';
import type { FeedbackStatus } from '../model/feedback.ts';
import { HubError } from '../model/hub-error.ts';
import { DeliveryLocks } from './cloud-to-device-locks.ts';
import type { QueuedMessage } from './cloud-to-device-queues.ts';
import type { Connections } from './connections.ts';
import type { Feedback } from './feedback.ts';
import type { HubContext } from './hub-context.ts';

export interface ReceiveOptions {
  /** Whose hands the message goes to; see {@link CloudToDevice.releaseHeldBy}. Without one it is held until the lock ends. */
  readonly holder?: object | undefined;
  /** Default 60 seconds. */
  readonly lockMs?: number | undefined;
}

/** Cloud-to-device messages: a queue a device, kept until settled, expired or purged. @see device-protocol.md, 5.1 */
export class CloudToDevice {
  readonly #context: HubContext;
  readonly #connections: Connections;
  readonly #feedback: Feedback;
  readonly #locks = new DeliveryLocks();
  /** Keys of what a device has had in hands since the start of the hub. */
  readonly #delivered = new Set<string>();
  /** Before this moment no message expires. */
  #nextDueMs = 0;

  constructor(context: HubContext, connections: Connections, feedback: Feedback) {
    this.#context = context;
    this.#connections = connections;
    this.#feedback = feedback;
  }

  /** Messages that a device has still to settle. */
  count(deviceId: string): number {
    return this.#context.queues.count(deviceId);
  }

  /**
   * Queues a message; resolves once it is durable.
   *
   * @throws HubError DeviceNotFound, MessageTooLarge, InvalidMessageExpiryTime, DeviceMaximumQueueDepthExceeded
   */
  async send(deviceId: string, message: CloudToDeviceMessage): Promise<void> {
    const enqueuedMs = this.#context.now();
    const { expiresMs } = checkCloudToDeviceMessage(this.#inHubTime(message), enqueuedMs);
    this.#context.throttles.countMessage(message.body.length);
    await this.#context.throttles.admit('cloudToDeviceSend');
    const { properties, ack } = message;
    const systemProperties = withExpiry(message);
    const body = message.body.toString('base64');
    await this.#context.store.change(() => {
      this.#checkRoom(deviceId);
      const kept = { deviceId, body, properties, systemProperties, ack, enqueuedMs, expiresMs, deliveryCount: 0 };
      this.#context.queues.addInChange(kept);
    });
    this.#dueAt(expiresMs);
    this.#tellDevice(deviceId);
  }

  /**
   * Hands out the oldest message that nobody holds and locks it; undefined when there is none.
   * Call again until then: `DeviceLink.messagesAvailable` is told of new ones only.
   */
  receive(deviceId: string, { holder, lockMs = LOCK_MS }: ReceiveOptions = {}): ReceivedMessage | undefined {
    const nowMs = this.#context.now();
    const next = this.#oldestFree(deviceId, nowMs);
    if (next === undefined) return undefined;
    const lockToken = randomUUID();
    this.#locks.lock(next.key, { token: lockToken, endsMs: nowMs + lockMs, holder });
    const redelivered = this.#delivered.has(next.key);
    this.#delivered.add(next.key);
    return {
      ...next.message,
      body: Buffer.from(next.message.body, 'base64'),
      lockToken,
      redelivered,
      to: `/devices/${encodeURIComponent(deviceId)}/messages/deviceBound`,
    };
  }

  /** The device has taken the message: it is done. @throws HubError DeviceMessageLockLost */
  complete(deviceId: string, lockToken: string): Promise<void> {
    return this.#settle(deviceId, lockToken, (key) => this.#removeInChange(key, 'Success'));
  }

  /** The device will not have the message: it is dead. @throws HubError DeviceMessageLockLost */
  reject(deviceId: string, lockToken: string): Promise<void> {
    return this.#settle(deviceId, lockToken, (key) => this.#removeInChange(key, 'Rejected'));
  }

  /** Gives the message back to be delivered again; the tenth time it is dead. @throws HubError DeviceMessageLockLost */
  async abandon(deviceId: string, lockToken: string): Promise<void> {
    await this.#settle(deviceId, lockToken, (key, message) => {
      const deliveryCount = message.deliveryCount + 1;
      if (deliveryCount >= MAX_DELIVERY_COUNT) this.#removeInChange(key, 'DeliveryCountExceeded');
      else this.#context.queues.replaceInChange({ ...message, deliveryCount });
    });
    this.#tellDevice(deviceId);
  }

  /** A connection or link has ended: what it did not settle can be delivered again at once, and does not count as abandoned. */
  releaseHeldBy(holder: object): void {
    this.#tellDevicesOf(this.#locks.releaseHeldBy(holder));
  }

  /** Empties a device's queue, locked messages too. @throws HubError DeviceNotFound */
  async purge(deviceId: string): Promise<{ totalMessagesPurged: number }> {
    return this.#context.store.change(() => {
      this.#checkDevice(deviceId);
      const keys = [...this.#context.queues.of(deviceId).keys()];
      for (const key of keys) this.#removeInChange(key, 'Purged');
      return { totalMessagesPurged: keys.length };
    });
  }

  /** Lets expired messages die and frees what was held too long. Called now and then, and by whoever moves the clock. */
  async sweep(): Promise<void> {
    const nowMs = this.#context.now();
    this.#tellDevicesOf(this.#locks.releaseExpired(nowMs));
    if (nowMs < this.#nextDueMs) return;
    this.#nextDueMs = Infinity;
    const expired: string[] = [];
    for (const [key, { expiresMs }] of this.#context.queues.entries()) {
      if (expiresMs <= nowMs && !this.#locks.isLocked(key, nowMs)) expired.push(key);
      else this.#dueAt(Math.max(expiresMs, nowMs + 1));
    }
    for (const key of this.#delivered) if (this.#context.queues.get(key) === undefined) this.#delivered.delete(key);
    if (expired.length === 0) return;
    await this.#context.store.change(() => {
      for (const key of expired) this.#removeInChange(key, 'Expired');
    });
  }

  async #settle(
    deviceId: string,
    lockToken: string,
    run: (key: string, message: QueuedMessage) => void,
  ): Promise<void> {
    const key = this.#locks.keyOf(lockToken, this.#context.now());
    if (this.#context.queues.get(key)?.deviceId !== deviceId) throw lockLost(deviceId);
    // At once, not with the commit: a device that settles and hangs up in one breath has settled.
    this.#locks.claim(key);
    try {
      await this.#context.store.change(() => {
        const message = this.#context.queues.get(key);
        if (message === undefined) throw lockLost(deviceId);
        run(key, message);
      });
    } finally {
      this.#locks.unlock(key);
    }
  }

  #removeInChange(key: string, status: FeedbackStatus): void {
    const message = this.#context.queues.get(key);
    if (message === undefined) return;
    this.#context.queues.removeInChange(key);
    this.#locks.unlock(key);
    this.#delivered.delete(key);
    this.#feedback.recordInChange(message, status);
  }

  #oldestFree(deviceId: string, nowMs: number): { key: string; message: QueuedMessage } | undefined {
    let oldest: { key: string; message: QueuedMessage } | undefined;
    for (const [key, message] of this.#context.queues.of(deviceId)) {
      if (message.expiresMs <= nowMs || this.#locks.isLocked(key, nowMs)) continue;
      if (oldest === undefined || message.sequenceNumber < oldest.message.sequenceNumber) oldest = { key, message };
    }
    return oldest;
  }

  #checkRoom(deviceId: string): void {
    this.#checkDevice(deviceId);
    const nowMs = this.#context.now();
    for (const [key, { expiresMs }] of [...this.#context.queues.of(deviceId)]) {
      if (expiresMs <= nowMs && !this.#locks.isLocked(key, nowMs)) this.#removeInChange(key, 'Expired');
    }
    if (this.#context.queues.count(deviceId) < MAX_CLOUD_TO_DEVICE_QUEUE) return;
    throw new HubError(
      'DeviceMaximumQueueDepthExceeded',
      `Device queue depth cannot exceed ${MAX_CLOUD_TO_DEVICE_QUEUE} messages`,
    );
  }

  #checkDevice(deviceId: string): void {
    if (!this.#context.devices.has(deviceId)) {
      throw new HubError('DeviceNotFound', `device '${deviceId}' is not registered`);
    }
  }

  #inHubTime(message: CloudToDeviceMessage): CloudToDeviceMessage {
    const { expiresMs } = message;
    return expiresMs === undefined ? message : { ...message, expiresMs: this.#context.clock.ofClient(expiresMs) };
  }

  #dueAt(momentMs: number): void {
    if (momentMs < this.#nextDueMs) this.#nextDueMs = momentMs;
  }

  #tellDevice(deviceId: string): void {
    this.#connections.find({ deviceId })?.link.messagesAvailable();
  }

  #tellDevicesOf(keys: readonly string[]): void {
    const devices = new Set(keys.flatMap((key) => this.#context.queues.get(key)?.deviceId ?? []));
    for (const deviceId of devices) this.#tellDevice(deviceId);
  }
}

/** A time to live that the sender named travels with the message, the hub's default does not. */
function withExpiry({ systemProperties, expiresMs }: CloudToDeviceMessage): SystemProperties {
  if (expiresMs === undefined) return systemProperties;
  return { ...systemProperties, 'absolute-expiry-time': new Date(expiresMs).toISOString() };
}

function lockLost(deviceId: string): HubError {
  return new HubError('DeviceMessageLockLost', `no message of device '${deviceId}' has this lock token`);
}
