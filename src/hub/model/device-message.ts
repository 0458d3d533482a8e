import { Buffer } from 'node:buffer';
import { HubError } from './hub-error.ts';
import { MAX_TELEMETRY_BYTES } from './limits.ts';

/** System properties of a message, by their Event Hubs names. @see device-protocol.md, 4.2 */
export type SystemProperties = Readonly<Record<string, string>>;

/** A device-to-cloud message as the hub takes it, whatever protocol it came by. */
export interface DeviceMessage {
  readonly body: Buffer;
  /** A property without a value is null. */
  readonly properties: Readonly<Record<string, string | null>>;
  readonly systemProperties: SystemProperties;
}

/**
 * Checks the size of a message: body, system property values, application property names and values.
 *
 * @throws HubError MessageTooLarge over 256 KB
 * @see device-protocol.md, 4.4
 */
export function checkDeviceMessage(message: DeviceMessage): void {
  const size = messageSize(message);
  if (size > MAX_TELEMETRY_BYTES) {
    throw new HubError('MessageTooLarge', `the message is ${size} bytes large, the limit is ${MAX_TELEMETRY_BYTES}`);
  }
}

/** What counts against the limits: body, system property values, application property names and values. */
export function messageSize(message: DeviceMessage): number {
  let size = message.body.length;
  for (const value of Object.values(message.systemProperties)) size += Buffer.byteLength(value);
  for (const [name, value] of Object.entries(message.properties))
    size += Buffer.byteLength(name) + Buffer.byteLength(value ?? '');
  return size;
}
