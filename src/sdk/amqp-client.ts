/** rhea behind one small client: one connection, claims, requests, receivers, each with a deadline. What rhea types as `any` ends here. */
import { randomUUID } from 'node:crypto';
import type { Connection, EventContext, Receiver, Session } from 'rhea';
import { type AmqpClientOptions, connectionOptions } from './amqp-connection-options.ts';
import { type AmqpMessage, readMessage } from './amqp-message.ts';
import { isObject } from './service-documents.ts';

/** What the other side said when it ended a link or the connection. */
export class AmqpRefusal extends Error {
  override readonly name = 'AmqpRefusal';
  readonly condition: string;
  readonly description: string;
  readonly info: Readonly<Record<string, unknown>>;

  constructor(error: object) {
    const text = (name: string): string => String(Reflect.get(error, name) ?? '');
    super(`${text('condition')}: ${text('description')}`);
    this.condition = text('condition');
    this.description = text('description');
    const info: unknown = Reflect.get(error, 'info');
    this.info = isObject(info) ? info : {};
  }
}

/** The connection ended without a word. */
export class AmqpConnectionLost extends Error {
  override readonly name = 'AmqpConnectionLost';
}

const CREDIT = 1000;

export class AmqpClient {
  readonly #connection: Connection;
  readonly #options: AmqpClientOptions;
  readonly #uuidText: (bytes: Buffer) => string;
  /** Rejects when the connection ends, for whatever reason but our own close. */
  readonly lost: Promise<never>;
  #lose: (error: Error) => void = () => undefined;

  private constructor(connection: Connection, options: AmqpClientOptions, uuidText: (bytes: Buffer) => string) {
    this.#connection = connection;
    this.#options = options;
    this.#uuidText = uuidText;
    this.lost = new Promise((_, reject) => (this.#lose = reject));
    this.lost.catch(() => undefined);
    const lose = (context: EventContext): void => this.#lose(reasonOf(context));
    connection.on('disconnected', lose);
    connection.on('connection_close', lose);
    connection.on('connection_error', () => undefined); // told by connection_close
    // Failures of sessions are failures of what waits in them; unheard they would end the process.
    for (const name of ['error', 'protocol_error', 'session_error', 'session_close'])
      connection.on(name, () => undefined);
  }

  /** @throws AmqpRefusal, AmqpConnectionLost, or the socket's own error; an Error when nothing is answered in time */
  static async open(options: AmqpClientOptions): Promise<AmqpClient> {
    const { default: rhea } = await import('rhea');
    const container = rhea.create_container();
    container.on('error', () => undefined);
    const connection = container.create_connection(await connectionOptions(options, container));
    const client = new AmqpClient(connection, options, (bytes) => rhea.uuid_to_string(bytes));
    try {
      await client.#inTime('open the connection', (done) => {
        connection.once('connection_open', done);
        connection.connect();
      });
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Shows a token for `audience`. @throws AmqpRefusal `amqp:unauthorized-access` */
  async putToken(audience: string, token: string): Promise<void> {
    const properties = { operation: 'put-token', type: 'servicebus.windows.net:sastoken', name: audience };
    const answer = await this.request('$cbs', properties, token);
    const status = Number(answer.applicationProperties['status-code']);
    if (status >= 200 && status < 300) return;
    const description = answer.applicationProperties['status-description'];
    throw new AmqpRefusal({ condition: 'amqp:unauthorized-access', description });
  }

  /** Sends a request on links of its own and waits for the answer. */
  async request(
    address: string,
    applicationProperties: Readonly<Record<string, unknown>>,
    body: unknown,
  ): Promise<AmqpMessage> {
    const session = this.#newSession();
    const replyTo = `${address}-${randomUUID()}`;
    const id = randomUUID();
    try {
      return await this.#inTime<AmqpMessage>(`ask ${address}`, (done, fail) => {
        const receiver = session.open_receiver({ source: address, target: replyTo, name: replyTo });
        const sender = session.open_sender({ target: address, source: replyTo });
        failWith(receiver, 'receiver', fail);
        failWith(sender, 'sender', fail);
        receiver.on('message', ({ message }: EventContext) => {
          if (message !== undefined) done(readMessage(message, this.#uuidText));
        });
        sender.once('sendable', () => {
          sender.send({
            message_id: id,
            reply_to: replyTo,
            to: address,
            application_properties: { ...applicationProperties },
            body,
          });
        });
      });
    } finally {
      session.close();
    }
  }

  /**
   * Receives until the link or the connection ends.
   *
   * @param selector where to begin, in the words of Event Hubs
   * @returns once the link stands; `ended` rejects when it does not any more
   */
  async receive(
    address: string,
    { selector, onMessage }: { selector?: string; onMessage: (message: AmqpMessage) => void },
  ): Promise<{ readonly ended: Promise<never> }> {
    const { default: rhea } = await import('rhea');
    const filter =
      selector === undefined
        ? {}
        : { filter: { 'apache.org:selector-filter:string': rhea.types.wrap_described(selector, 0x468c00000004) } };
    const session = this.#newSession();
    let fail: (error: Error) => void = () => undefined;
    const ended = new Promise<never>((_, reject) => (fail = reject));
    ended.catch(() => undefined);
    await this.#inTime(`receive from ${address}`, (done, refuse) => {
      const receiver = session.open_receiver({
        source: { address, ...filter },
        credit_window: CREDIT,
        autoaccept: true,
      });
      receiver.on('message', ({ message }: EventContext) => {
        if (message !== undefined) onMessage(readMessage(message, this.#uuidText));
      });
      const stop = (error: Error): void => {
        fail(error);
        refuse(error);
      };
      failWith(receiver, 'receiver', stop);
      // A refused link is attached first and detached in the same breath.
      receiver.once('receiver_open', () => setImmediate(() => done(undefined)));
    });
    return { ended };
  }

  /** Says goodbye; does not wait for the answer. */
  close(): void {
    this.#lose(new AmqpConnectionLost('closed'));
    if (this.#connection.is_open()) this.#connection.close();
    setTimeout(() => cut(this.#connection), CLOSE_MS).unref();
  }

  #newSession(): Session {
    const session = this.#connection.create_session();
    session.begin();
    return session;
  }

  async #inTime<T>(doing: string, begin: (done: (value: T) => void, fail: (error: Error) => void) => void): Promise<T> {
    const { timeoutMs, signal } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    let stop = (): void => undefined;
    try {
      const answered = new Promise<T>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} s: ${doing}`)), timeoutMs);
        stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
        signal.addEventListener('abort', stop, { once: true });
        begin(resolve, reject);
      });
      return await Promise.race([answered, this.lost]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }
}

const CLOSE_MS = 300;

function failWith(
  link: Receiver | ReturnType<Session['open_sender']>,
  kind: 'receiver' | 'sender',
  fail: (error: Error) => void,
): void {
  link.on(`${kind}_error`, () => undefined); // told by close
  link.on(`${kind}_close`, () => fail(refusalOf(link) ?? new AmqpConnectionLost('the hub closed the link')));
}

/** What the remote side gave as its reason. */
function refusalOf(endpoint: object): AmqpRefusal | undefined {
  const error: unknown = Reflect.get(endpoint, 'error');
  return typeof error === 'object' && error !== null ? new AmqpRefusal(error) : undefined;
}

/** Why the connection ended: what the hub said, SASL included, or the error of the socket. */
function reasonOf(context: EventContext): Error {
  const failure: unknown = context.error;
  const condition: unknown = isObject(failure) ? failure['condition'] : undefined;
  if (isObject(failure) && typeof condition === 'string') {
    return new AmqpRefusal({ condition, description: failure['description'] ?? failure['message'] });
  }
  return failure instanceof Error ? failure : new AmqpConnectionLost('the connection was lost');
}

function cut(connection: Connection): void {
  const socket: unknown = Reflect.get(connection, 'socket');
  if (isObject(socket) && typeof socket['destroy'] === 'function') Reflect.apply(socket['destroy'], socket, []);
}
