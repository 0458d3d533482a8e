import rhea, { type Connection, type ConnectionOptions, type EventContext, type Message } from 'rhea';
import type { TestHub } from '../../../support/hub.ts';

/** An AMQP client that does as it is told, for what no SDK would do. */
export function connectRhea(hub: TestHub, options: Partial<ConnectionOptions> = {}): Connection {
  const container = rhea.create_container();
  container.on('error', () => undefined);
  const connection = container.connect({
    transport: 'tls',
    host: 'localhost',
    port: hub.server.ports.amqp,
    ca: hub.ca,
    reconnect: false,
    ...options,
  } as ConnectionOptions);
  for (const event of [
    'connection_error',
    'protocol_error',
    'disconnected',
    'error',
    'sender_error',
    'receiver_error',
  ]) {
    connection.on(event, () => undefined);
  }
  return connection;
}

/** The next event of a connection or link. */
export function next(emitter: NodeJS.EventEmitter, event: string): Promise<EventContext> {
  return new Promise((resolve) => emitter.once(event, resolve));
}

/** Puts a token on `$cbs` and returns the status. */
export async function putToken(connection: Connection, token: string): Promise<number> {
  return (await answerToToken(connection, token)).status;
}

/** Puts a token of any type on `$cbs` and returns the whole answer. */
export async function answerToToken(
  connection: Connection,
  token: string,
  type = 'servicebus.windows.net:sastoken',
): Promise<{ status: number; description: unknown }> {
  const answers = connection.open_receiver({ source: '$cbs' });
  const requests = connection.open_sender('$cbs');
  await next(requests, 'sendable');
  const answered = next(answers, 'message');
  requests.send({
    message_id: rhea.generate_uuid(),
    reply_to: 'cbs',
    application_properties: { operation: 'put-token', type, name: 'any' },
    body: token,
  });
  const { message } = await answered;
  answers.close();
  requests.close();
  const answer = message?.application_properties;
  return { status: Number(answer?.['status-code']), description: answer?.['status-description'] };
}

/** What a link that was refused was told. */
export async function detachError(link: NodeJS.EventEmitter & { error?: unknown }): Promise<{
  condition: string;
  description: string;
  info: Record<string, unknown>;
}> {
  await next(
    link,
    (link as { is_receiver?: () => boolean }).is_receiver?.() === true ? 'receiver_error' : 'sender_error',
  );
  return link.error as { condition: string; description: string; info: Record<string, unknown> };
}

/** Several messages in one transfer. */
export const BATCH_FORMAT = 0x80013700;

export function batchOf(messages: readonly Message[]): Buffer {
  const sections = messages.map((message) => rhea.message.encode(message));
  return rhea.message.encode({ body: rhea.message.data_sections(sections) });
}
