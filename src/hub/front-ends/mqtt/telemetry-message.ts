import type { DeviceMessage } from '../../model/device-message.ts';
import { parsePropertyBag } from './property-bag.ts';

/**
 * The message behind a telemetry topic; undefined when its property bag cannot be read.
 *
 * @param extra application properties that the hub adds
 */
export function telemetryOf(
  bag: string,
  body: Buffer,
  extra?: Readonly<Record<string, string>>,
): DeviceMessage | undefined {
  const parsed = parsePropertyBag(bag);
  if (parsed === undefined) return undefined;
  const properties = extra === undefined ? parsed.properties : { ...parsed.properties, ...extra };
  return { body, properties, systemProperties: parsed.systemProperties };
}
