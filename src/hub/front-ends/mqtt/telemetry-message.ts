import type { DeviceMessage } from '../../model/device-message.ts';
import type { Target } from '../../model/identifiers.ts';
import { parsePropertyBag } from './property-bag.ts';

/**
 * The message behind a telemetry topic; undefined when its property bag cannot be read.
 *
 * @param extra application properties that the hub adds
 */
export function telemetryOf(
  from: Target,
  bag: string,
  body: Buffer,
  extra?: Readonly<Record<string, string>>,
): DeviceMessage | undefined {
  const parsed = parsePropertyBag(bag);
  if (parsed === undefined) return undefined;
  const properties = extra === undefined ? parsed.properties : { ...parsed.properties, ...extra };
  return { from, body, properties, systemProperties: parsed.systemProperties };
}
