import type { ReceivedMessage } from '../../model/cloud-to-device-message.ts';

/** Properties in a topic: `key=value&key2=value2`, a key alone has the value null. */
export interface PropertyBag {
  readonly properties: Readonly<Record<string, string | null>>;
  readonly systemProperties: Readonly<Record<string, string>>;
}

/** MQTT's short names of system properties → their Event Hubs names. @see device-protocol.md, 4.2 */
const SYSTEM_NAMES: ReadonlyMap<string, string> = new Map([
  ['$.mid', 'message-id'],
  ['$.cid', 'correlation-id'],
  ['$.uid', 'user-id'],
  ['$.to', 'to'],
  ['$.exp', 'absolute-expiry-time'],
  ['$.ct', 'content-type'],
  ['$.ce', 'content-encoding'],
  ['$.ctime', 'iothub-creation-time-utc'],
  ['$.schema', 'iothub-message-schema'],
  ['$.on', 'iothub-outputname'],
  ['$.ifid', 'iothub-interface-id'],
  ['$.sub', 'dt-subject'],
  ['$.diagid', 'Diagnostic-Id'],
  ['$.diagctx', 'Correlation-Context'],
]);

/** Stamped by the hub: a device cannot set them. */
const FROM_HUB_ONLY = new Set(['$.cdid', '$.cmid']);

const EMPTY: PropertyBag = { properties: {}, systemProperties: {} };

/**
 * Reads the bag behind `/messages/events/`; undefined when a part is not percent-encoded text.
 *
 * @see device-protocol.md, 4.1
 */
export function parsePropertyBag(text: string): PropertyBag | undefined {
  const bag = text.replace(/^\?/, '').replace(/\/$/, '');
  if (bag === '') return EMPTY;
  const properties: [string, string | null][] = [];
  const systemProperties: [string, string][] = [];
  try {
    for (const pair of bag.split('&')) {
      const equals = pair.indexOf('=');
      const name = decodeURIComponent(equals < 0 ? pair : pair.slice(0, equals));
      const value = equals < 0 ? null : decodeURIComponent(pair.slice(equals + 1));
      const systemName = SYSTEM_NAMES.get(name);
      if (systemName !== undefined) systemProperties.push([systemName, value ?? '']);
      else if (!FROM_HUB_ONLY.has(name)) properties.push([name, value]);
    }
  } catch {
    return undefined; // a stray %: the caller ends the connection, as the hub does with any topic it cannot read
  }
  // Not assigned one by one: a property named __proto__ is data.
  return { properties: Object.fromEntries(properties), systemProperties: Object.fromEntries(systemProperties) };
}

/** System properties of a message to a device, in the order that was observed of the hub. @see device-protocol.md, 5.2 */
const TO_DEVICE_NAMES = [
  ['message-id', '%24.mid'],
  ['absolute-expiry-time', '%24.exp'],
  ['to', '%24.to'],
  ['correlation-id', '%24.cid'],
  ['user-id', '%24.uid'],
  ['content-type', '%24.ct'],
  ['content-encoding', '%24.ce'],
] as const;

/** Writes the bag behind `/messages/devicebound/`. Everything is percent-encoded: clients split the topic at `/`. */
export function formatPropertyBag(message: ReceivedMessage): string {
  const system: Readonly<Record<string, string>> = { ...message.systemProperties, to: message.to };
  const pairs: string[] = [];
  for (const [name, short] of TO_DEVICE_NAMES) {
    const value = system[name];
    if (value !== undefined) pairs.push(`${short}=${encodeURIComponent(value)}`);
  }
  if (message.ack !== 'none') pairs.push(`iothub-ack=${message.ack}`);
  for (const [name, value] of Object.entries(message.properties)) {
    pairs.push(value === null ? encodeURIComponent(name) : `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  }
  return pairs.join('&');
}
