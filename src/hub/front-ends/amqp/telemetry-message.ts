import type { DeviceMessage } from '../../model/device-message.ts';
import { formatTimestamp } from '../../model/timestamps.ts';
import type { IncomingMessage, MessageCodec } from './transport/messages.ts';

/** Annotations and application properties that are system properties. @see device-protocol.md, 4.2 */
const SYSTEM_ANNOTATIONS = ['iothub-interface-id', 'dt-subject', 'Diagnostic-Id', 'Correlation-Context'];
const SYSTEM_APPLICATION_PROPERTIES = new Set([
  'iothub-creation-time-utc',
  'iothub-message-schema',
  'iothub-outputname',
]);

/** The device-to-cloud message in an AMQP message. */
export function telemetryOf(message: IncomingMessage, codec: MessageCodec): DeviceMessage {
  return {
    body: message.data,
    properties: applicationProperties(message, (name) => !SYSTEM_APPLICATION_PROPERTIES.has(name)),
    systemProperties: {
      ...systemPropertiesOf(message, codec),
      ...textsOf(applicationProperties(message, (name) => SYSTEM_APPLICATION_PROPERTIES.has(name))),
      ...textsOf(Object.fromEntries(SYSTEM_ANNOTATIONS.map((name) => [name, message.annotations[name]]))),
    },
  };
}

/** The properties section by Event Hubs names. */
export function systemPropertiesOf(message: IncomingMessage, codec: MessageCodec): Record<string, string> {
  return textsOf({
    'message-id': codec.idText(message.messageId),
    'correlation-id': codec.idText(message.correlationId),
    'user-id': message.userId?.toString('utf8'),
    to: message.to,
    'absolute-expiry-time':
      message.absoluteExpiryMs === undefined ? undefined : formatTimestamp(message.absoluteExpiryMs),
    'content-type': message.contentType,
    'content-encoding': message.contentEncoding,
  });
}

/** Text values; the hub drops all others. */
export function applicationProperties(
  message: IncomingMessage,
  isWanted: (name: string) => boolean,
): Record<string, string | null> {
  const wanted = Object.entries(message.applicationProperties).filter(
    (entry): entry is [string, string | null] =>
      isWanted(entry[0]) && (typeof entry[1] === 'string' || entry[1] === null),
  );
  return Object.fromEntries(wanted);
}

function textsOf(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
