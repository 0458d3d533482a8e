import {
  parseFeedbackAck,
  type CloudToDeviceMessage,
  type ReceivedMessage,
} from '../../model/cloud-to-device-message.ts';
import type { DeviceMessage } from '../../model/device-message.ts';
import { HubError } from '../../model/hub-error.ts';

/** HTTP headers, in lower case → system properties by their Event Hubs names. @see device-protocol.md, 4.2 */
const SYSTEM_NAMES: ReadonlyMap<string, string> = new Map([
  ['iothub-messageid', 'message-id'],
  ['iothub-correlationid', 'correlation-id'],
  ['iothub-userid', 'user-id'],
  ['iothub-to', 'to'],
  ['iothub-expiry', 'absolute-expiry-time'],
  ['iothub-contenttype', 'content-type'],
  ['iothub-contentencoding', 'content-encoding'],
  ['iothub-creationtimeutc', 'iothub-creation-time-utc'],
  ['iothub-messageschema', 'iothub-message-schema'],
  ['iothub-interface-id', 'iothub-interface-id'],
  ['dt-subject', 'dt-subject'],
]);
const APPLICATION_PREFIX = 'iothub-app-';

/** Names and values in turn, as `IncomingMessage.rawHeaders` has them. */
export type RawHeaders = readonly string[];

/** The properties that headers carry; other headers are HTTP's own. */
export function readProperties(headers: RawHeaders): Omit<DeviceMessage, 'body'> {
  const properties: [string, string][] = [];
  const systemProperties: [string, string][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    const lower = name.toLowerCase();
    const systemName = SYSTEM_NAMES.get(lower);
    if (systemName !== undefined) systemProperties.push([systemName, value]);
    else if (lower.startsWith(APPLICATION_PREFIX)) properties.push([name.slice(APPLICATION_PREFIX.length), value]);
  }
  // Not assigned one by one: a property named __proto__ is data.
  return { properties: Object.fromEntries(properties), systemProperties: Object.fromEntries(systemProperties) };
}

/**
 * The cloud-to-device message of a request.
 *
 * @throws HubError ArgumentInvalid for an unknown `iothub-ack`, InvalidMessageExpiryTime for an expiry that is no date
 */
export function readCloudToDeviceMessage(headers: RawHeaders, body: Buffer): CloudToDeviceMessage {
  const { properties, systemProperties: all } = readProperties(headers);
  const { to: _to, 'absolute-expiry-time': expiry, ...systemProperties } = all;
  return {
    body,
    properties,
    systemProperties,
    ack: parseFeedbackAck(valueOf(headers, 'iothub-ack')),
    expiresMs: expiry === undefined || expiry === '' ? undefined : parseExpiry(expiry),
  };
}

/** The headers of a received message. @see device-protocol.md, 9 */
export function messageHeaders(message: ReceivedMessage): Record<string, string> {
  const system = message.systemProperties;
  const headers: Record<string, string | undefined> = {
    ETag: `"${message.lockToken}"`,
    'iothub-messageid': system['message-id'],
    'iothub-sequencenumber': String(message.sequenceNumber),
    'iothub-enqueuedtime': new Date(message.enqueuedMs).toISOString(),
    'iothub-deliverycount': String(message.deliveryCount),
    'iothub-to': message.to,
    'iothub-expiry': system['absolute-expiry-time'],
    'iothub-correlationid': system['correlation-id'],
    'iothub-userid': system['user-id'],
    'iothub-ack': message.ack,
    ContentType: system['content-type'],
    ContentEncoding: system['content-encoding'],
  };
  for (const [name, value] of Object.entries(message.properties)) {
    headers[`${APPLICATION_PREFIX}${headerName(name)}`] = value ?? '';
  }
  const present = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, headerValue(value)]],
  );
  return Object.fromEntries(present) as Record<string, string>;
}

function valueOf(headers: RawHeaders, name: string): string | undefined {
  const index = headers.findIndex((text, at) => at % 2 === 0 && text.toLowerCase() === name);
  return index < 0 ? undefined : headers[index + 1];
}

function parseExpiry(text: string): number {
  const moment = Date.parse(text);
  if (Number.isNaN(moment)) throw new HubError('InvalidMessageExpiryTime', `iothub-expiry '${text}' is not a date`);
  return moment;
}

/** A header holds printable ASCII only; what came over another protocol can be anything and is percent-encoded then. */
function headerValue(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text);
}

function headerName(text: string): string {
  if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) return text;
  return encodeURIComponent(text).replace(/[()]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
