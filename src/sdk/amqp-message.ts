import type { Message } from 'rhea';

/** A message as it came; the sections by their AMQP names. */
export interface AmqpMessage {
  readonly body: unknown;
  readonly annotations: Readonly<Record<string, unknown>>;
  readonly applicationProperties: Readonly<Record<string, unknown>>;
  /** `message_id`, `correlation_id`, `content_type` and the like. */
  readonly properties: Readonly<Record<string, unknown>>;
}

const PROPERTY_NAMES = [
  ...['message_id', 'correlation_id', 'user_id', 'to', 'reply_to', 'subject', 'content_type', 'content_encoding'],
  ...['absolute_expiry_time', 'creation_time'],
] as const;

/** @param uuidText AMQP has a type for UUIDs, which rhea leaves as 16 bytes */
export function readMessage(message: Message, uuidText: (bytes: Buffer) => string): AmqpMessage {
  const readable = (value: unknown): unknown =>
    Buffer.isBuffer(value) && value.length === 16 ? uuidText(value) : value;
  const properties = PROPERTY_NAMES.map((name) => [name, readable(Reflect.get(message, name))] as const);
  return {
    body: message.body as unknown,
    annotations: { ...message.message_annotations },
    applicationProperties: { ...message.application_properties },
    properties: Object.fromEntries(properties.filter(([, value]) => value !== undefined && value !== null)),
  };
}
