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
