import type { Buffer } from 'node:buffer';
import type { SystemProperties } from './device-message.ts';
import { HubError } from './hub-error.ts';
import {
  DEFAULT_CLOUD_TO_DEVICE_TTL_MS,
  MAX_CLOUD_TO_DEVICE_BYTES,
  MAX_CLOUD_TO_DEVICE_TTL_MS,
} from './cloud-to-device-limits.ts';
import { messageSize } from './device-message.ts';

/** Which outcomes the sender wants to be told of. */
export type FeedbackAck = 'none' | 'positive' | 'negative' | 'full';

/** A message as a service sends it. */
export interface CloudToDeviceMessage {
  readonly body: Buffer;
  /** Application properties, without `iothub-ack`; one without a value is null. */
  readonly properties: Readonly<Record<string, string | null>>;
  /** `message-id`, `correlation-id`, `user-id`, `content-type`, `content-encoding`. The hub adds `absolute-expiry-time` in ISO 8601
   * where the sender named one. */
  readonly systemProperties: SystemProperties;
  readonly ack: FeedbackAck;
  /** When it shall expire; undefined = the hub's default of one hour. */
  readonly expiresMs: number | undefined;
}

/** A message in a device's hands, locked until its holder settles it or the lock ends. */
export interface ReceivedMessage extends CloudToDeviceMessage {
  readonly expiresMs: number;
  /** A GUID; what the message is settled with. */
  readonly lockToken: string;
  readonly sequenceNumber: number;
  readonly enqueuedMs: number;
  /** How often it was abandoned. */
  readonly deliveryCount: number;
  /** Whether a device has had it in hands before. */
  readonly redelivered: boolean;
  /** `/devices/{id}/messages/deviceBound`, the id percent-encoded. */
  readonly to: string;
}

/** @throws HubError ArgumentInvalid for anything but none, positive, negative, full; absent and empty mean none */
export function parseFeedbackAck(text: string | null | undefined): FeedbackAck {
  switch (text?.toLowerCase() ?? '') {
    case '':
    case 'none':
      return 'none';
    case 'positive':
      return 'positive';
    case 'negative':
      return 'negative';
    case 'full':
      return 'full';
    default:
      throw new HubError('ArgumentInvalid', `iothub-ack must be none, positive, negative or full, got '${text ?? ''}'`);
  }
}

/**
 * Checks a message that is about to be queued and says when it expires.
 *
 * @throws HubError MessageTooLarge over 64 KB, InvalidMessageExpiryTime for one in the past or more than two days ahead
 */
export function checkCloudToDeviceMessage(message: CloudToDeviceMessage, nowMs: number): { expiresMs: number } {
  const size = messageSize(message);
  if (size > MAX_CLOUD_TO_DEVICE_BYTES) {
    throw new HubError(
      'MessageTooLarge',
      `the message is ${size} bytes large, the limit is ${MAX_CLOUD_TO_DEVICE_BYTES}`,
    );
  }
  const { expiresMs = nowMs + DEFAULT_CLOUD_TO_DEVICE_TTL_MS } = message;
  if (!(expiresMs > nowMs) || expiresMs > nowMs + MAX_CLOUD_TO_DEVICE_TTL_MS) {
    throw new HubError('InvalidMessageExpiryTime', 'the expiry time must lie in the next 48 hours');
  }
  return { expiresMs };
}
