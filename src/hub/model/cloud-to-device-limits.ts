/** Rules of the cloud-to-device and feedback queues. @see device-protocol.md, 5.1; service-protocol.md, 10 */
export { MAX_CLOUD_TO_DEVICE_BYTES, MAX_CLOUD_TO_DEVICE_QUEUE } from './limits.ts';

export const DEFAULT_CLOUD_TO_DEVICE_TTL_MS = 60 * 60 * 1000;
export const MAX_CLOUD_TO_DEVICE_TTL_MS = 48 * 60 * 60 * 1000;
/** Abandoned this often, a message is dead. */
export const MAX_DELIVERY_COUNT = 10;
export const LOCK_MS = 60_000;

export const MAX_FEEDBACK_BATCH = 64;
export const MAX_FEEDBACK_WAIT_MS = 15_000;
export const SERVICE_QUEUE_TTL_MS = 60 * 60 * 1000;
