import { HubError } from '../../../model/hub-error.ts';
import type { Rhea, RheaMessage, RheaTyped } from './rhea.ts';

/** A value whose AMQP type matters to who reads it. A bare number is for rhea to choose and does not occur. */
export type AmqpValue =
  | string
  | boolean
  | null
  | Buffer
  | { readonly type: 'int' | 'long' | 'ulong' | 'ubyte' | 'timestamp'; readonly value: number }
  | { readonly type: 'symbol'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] };

/** A Buffer is a UUID. */
export type MessageId = string | number | Buffer;

export interface OutgoingMessage {
  readonly messageId?: MessageId | undefined;
  readonly correlationId?: MessageId | undefined;
  readonly userId?: string | undefined;
  readonly to?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly absoluteExpiryMs?: number | undefined;
  readonly deliveryAnnotations?: Readonly<Record<string, AmqpValue>> | undefined;
  readonly annotations?: Readonly<Record<string, AmqpValue>> | undefined;
  readonly applicationProperties?: Readonly<Record<string, AmqpValue>> | undefined;
  /** Bytes are a data section, a map is an AMQP value. */
  readonly body: Buffer | Readonly<Record<string, AmqpValue>>;
}

/** A message from a peer; nothing in it is checked but what these types say. */
export interface IncomingMessage {
  readonly messageId: MessageId | undefined;
  readonly correlationId: MessageId | undefined;
  readonly userId: Buffer | undefined;
  readonly to: string | undefined;
  readonly replyTo: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly absoluteExpiryMs: number | undefined;
  readonly annotations: Readonly<Record<string, unknown>>;
  readonly applicationProperties: Readonly<Record<string, unknown>>;
  /** The data sections together; empty where there is none. */
  readonly data: Buffer;
  /** The data sections one by one. */
  readonly sections: readonly Buffer[];
  /** The AMQP value, where the body is one. */
  readonly value: unknown;
}

/** Translates messages between our types and rhea's. */
export class MessageCodec {
  readonly #rhea: Rhea;

  constructor(rhea: Rhea) {
    this.#rhea = rhea;
  }

  encode(message: OutgoingMessage): Buffer {
    const { body } = message;
    return this.#rhea.message.encode({
      ...present('message_id', message.messageId),
      ...present('correlation_id', message.correlationId),
      ...present('user_id', message.userId === undefined ? undefined : Buffer.from(message.userId)),
      ...present('to', message.to),
      ...present('content_type', message.contentType),
      ...present('content_encoding', message.contentEncoding),
      ...present('absolute_expiry_time', message.absoluteExpiryMs),
      ...present('delivery_annotations', this.#map(message.deliveryAnnotations)),
      ...present('message_annotations', this.#map(message.annotations)),
      ...present('application_properties', this.#map(message.applicationProperties)),
      body: Buffer.isBuffer(body) ? this.#rhea.message.data_section(body) : this.#map(body),
    });
  }

  /** @throws HubError IotHubFormatError for bytes that are no message */
  decode(bytes: Buffer): IncomingMessage {
    try {
      return readMessage(this.#rhea.message.decode(bytes));
    } catch (cause) {
      throw new HubError('IotHubFormatError', 'the bytes are no AMQP message', { cause });
    }
  }

  /** One text for an id, whichever type it came in. */
  idText(id: MessageId | undefined): string | undefined {
    if (Buffer.isBuffer(id)) return this.#rhea.uuid_to_string(id);
    return id === undefined ? undefined : String(id);
  }

  uuid(text: string): Buffer {
    return this.#rhea.string_to_uuid(text);
  }

  #map(values: Readonly<Record<string, AmqpValue>> | undefined): Record<string, unknown> | undefined {
    if (values === undefined) return undefined;
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, this.#typed(value)]));
  }

  #typed(value: AmqpValue): RheaTyped | string | boolean | null {
    if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
    const { types } = this.#rhea;
    switch (value.type) {
      case 'int':
        return types.wrap_int(value.value);
      case 'long':
        return types.wrap_long(value.value);
      case 'ulong':
        return types.wrap_ulong(value.value);
      case 'ubyte':
        return types.wrap_ubyte(value.value);
      case 'timestamp':
        return types.wrap_timestamp(value.value);
      case 'symbol':
        return types.wrap_symbol(value.value);
      case 'strings':
        return types.wrap_array(value.value, types.Str32.typecode);
    }
  }
}

/** Takes apart what rhea decoded. */
export function readMessage(message: RheaMessage): IncomingMessage {
  const sections = dataSections(message['body']);
  return {
    messageId: readId(message['message_id']),
    correlationId: readId(message['correlation_id']),
    userId: Buffer.isBuffer(message['user_id']) ? message['user_id'] : undefined,
    to: readText(message['to']),
    replyTo: readText(message['reply_to']),
    contentType: readText(message['content_type']),
    contentEncoding: readText(message['content_encoding']),
    absoluteExpiryMs: readTime(message['absolute_expiry_time']),
    annotations: readMap(message['message_annotations']),
    applicationProperties: readMap(message['application_properties']),
    sections,
    data: sections.length === 1 && sections[0] !== undefined ? sections[0] : Buffer.concat(sections),
    value: message['body'],
  };
}

/** rhea's section object: `content` is bytes, or a list of them when `multiple`. */
function dataSections(body: unknown): Buffer[] {
  if (typeof body !== 'object' || body === null) return [];
  const content: unknown = Reflect.get(body, 'content');
  if (Buffer.isBuffer(content)) return [content];
  return Array.isArray(content) ? content.filter((section) => Buffer.isBuffer(section)) : [];
}

function readId(id: unknown): MessageId | undefined {
  return typeof id === 'string' || typeof id === 'number' || Buffer.isBuffer(id) ? id : undefined;
}

export function readText(text: unknown): string | undefined {
  return typeof text === 'string' ? text : undefined;
}

function readTime(time: unknown): number | undefined {
  return time instanceof Date ? time.getTime() : undefined;
}

/** A copy without a prototype's members in the way. */
export function readMap(map: unknown): Readonly<Record<string, unknown>> {
  return typeof map === 'object' && map !== null ? Object.fromEntries(Object.entries(map)) : {};
}

function present(name: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [name]: value };
}
