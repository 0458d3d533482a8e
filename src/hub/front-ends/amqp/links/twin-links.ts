import { HubError } from '../../../model/hub-error.ts';
import type { JsonObject } from '../../../model/json.ts';
import { errorBody } from '../../error-body.ts';
import type { DeviceSession } from '../device-session.ts';
import type { IncomingDelivery, IncomingLink } from '../transport/incoming-link.ts';
import type { OutgoingLink } from '../transport/outgoing-link.ts';
import type { AmqpValue, IncomingMessage, MessageId } from '../transport/messages.ts';

const CHANNEL = 'com.microsoft:channel-correlation-id';
const REPORTED = '/properties/reported';
const DESIRED_NOTIFICATIONS = '/notifications/twin/properties/desired';

/** A pair of twin links, and whether the device wants to be told on it of changes. */
interface TwinChannel {
  responses: OutgoingLink | undefined;
  isNotified: boolean;
}

/** The pairs of twin links of a device, by what the device calls them. @see device-protocol.md, 8.3 */
export class TwinChannels {
  readonly #channels = new Map<string, TwinChannel>();

  /** The pair that a link belongs to. */
  of(link: IncomingLink | OutgoingLink): TwinChannel {
    const correlation = link.properties[CHANNEL];
    const name = typeof correlation === 'string' ? correlation.toLowerCase() : '';
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const channel: TwinChannel = { responses: undefined, isNotified: false };
    this.#channels.set(name, channel);
    return channel;
  }

  /** @returns whether anybody wanted to know */
  notify(patch: JsonObject): boolean {
    const notified = [...this.#channels.values()].filter(({ isNotified }) => isNotified);
    // No correlation id: SDKs take a message with one for an answer.
    for (const { responses } of notified) responses?.send({ body: Buffer.from(JSON.stringify(patch)) });
    return notified.length > 0;
  }
}

/** Answers and notifications to the device. */
export function serveTwinResponses(session: DeviceSession, link: OutgoingLink): void {
  const channel = session.twins.of(link);
  channel.responses = link;
  link.onClose(() => {
    if (channel.responses === link) Object.assign(channel, { responses: undefined, isNotified: false });
  });
  link.accept();
}

/** Requests of the device. */
export function serveTwinRequests(session: DeviceSession, link: IncomingLink): void {
  const channel = session.twins.of(link);
  link.accept({
    onMessage: (delivery) => {
      delivery.accept();
      session.heard();
      answer(session, channel, delivery).catch(session.onFault);
    },
  });
}

interface TwinAnswer {
  readonly status: number;
  readonly version?: number;
  readonly body: string;
}

async function answer(session: DeviceSession, channel: TwinChannel, { message }: IncomingDelivery): Promise<void> {
  const { status, version, body } = await run(session, channel, message);
  const annotations: Record<string, AmqpValue> = { status: { type: 'int', value: status } };
  if (version !== undefined) annotations['version'] = { type: 'long', value: version };
  channel.responses?.send({ correlationId: correlationOf(message), annotations, body: Buffer.from(body) });
}

function correlationOf({ correlationId, messageId }: IncomingMessage): MessageId | undefined {
  return correlationId ?? messageId;
}

/** A refusal always has a body: SDKs parse it. */
async function run(session: DeviceSession, channel: TwinChannel, message: IncomingMessage): Promise<TwinAnswer> {
  try {
    return await runOperation(session, channel, message);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { status: error.status, body: JSON.stringify(errorBody(error, session.hub.now())) };
  }
}

/** @see device-protocol.md, 8.5 */
async function runOperation(
  session: DeviceSession,
  channel: TwinChannel,
  message: IncomingMessage,
): Promise<TwinAnswer> {
  const { hub, target } = session;
  switch (nameOf(message)) {
    case 'GET':
      return { status: 200, body: JSON.stringify(await hub.twins.deviceDocument(target)) };
    case `PATCH ${REPORTED}`: {
      const version = await hub.twins.report(target, parseJson(message.data), versionOf(message));
      return { status: 204, version, body: '' };
    }
    case `PUT ${DESIRED_NOTIFICATIONS}`:
      channel.isNotified = true;
      return { status: 200, body: '' };
    case `DELETE ${DESIRED_NOTIFICATIONS}`:
      channel.isNotified = false;
      return { status: 200, body: '' };
    default:
      throw new HubError('InvalidOperation', `a twin has no operation '${nameOf(message)}'`);
  }
}

function nameOf({ annotations }: IncomingMessage): string {
  const { operation, resource } = annotations;
  const path = typeof resource === 'string' ? resource.replace(/\/$/, '').toLowerCase() : '';
  return `${String(operation).toUpperCase()} ${path}`.trim();
}

function versionOf({ annotations }: IncomingMessage): number | undefined {
  const { version } = annotations;
  return typeof version === 'number' ? version : undefined;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw new HubError('IotHubFormatError', 'the reported properties are not valid JSON', { cause: error });
  }
}
