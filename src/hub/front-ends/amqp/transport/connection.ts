import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { IncomingLink } from './incoming-link.ts';
import { type AmqpError, type LinkHost } from './link.ts';
import { OutgoingLink } from './outgoing-link.ts';
import { MessageCodec } from './messages.ts';
import type { Rhea, RheaConnection, RheaLink, RheaTransferFrame } from './rhea.ts';
import { saslMechanisms, type SaslCredential } from './sasl.ts';
import { newSocket } from './socket.ts';
import { writeWholeFrames } from './whole-frames.ts';

export interface AmqpPeerHandlers {
  /** A peer names itself in the SASL layer. @returns whether it may go on */
  readonly onSasl: (credential: SaslCredential) => boolean;
  /** A peer asks for a link: accept or refuse it, now or later. */
  readonly onLink: (link: IncomingLink | OutgoingLink) => void;
  /** Once, behind the end of all links. */
  readonly onEnd: () => void;
  readonly onFault: (error: unknown) => void;
}

/** As the service announces itself. @see device-protocol.md, 8.1 */
const MAX_FRAME_BYTES = 65_536;
const CHANNEL_MAX = 8191;
const IDLE_TIMEOUT_MS = 240_000;
/** More than the hub takes, so that a message that is too large can be refused with a word; not more than this. */
export const MAX_TRANSFER_BYTES = 1_048_576;
/** Unsent bytes above which links stop sending. */
const CONGESTED_BYTES = 1_048_576;
const OPEN_TIMEOUT_MS = 60_000;
const CLOSE_GRACE_MS = 300;

/** Protocol mistakes of a peer end its socket in rhea; whoever listens keeps it from writing to the console. */
const PEER_MISTAKES = [
  'error',
  'protocol_error',
  'connection_error',
  'connection_close',
  'disconnected',
  'session_error',
  'sender_error',
  'receiver_error',
];

/** One AMQP 1.0 connection of a peer, with or without a SASL layer. */
export class AmqpPeer implements LinkHost {
  readonly codec: MessageCodec;
  readonly #connection: RheaConnection;
  readonly #stream: Duplex;
  readonly #handlers: AmqpPeerHandlers;
  readonly #links = new Map<RheaLink, IncomingLink | OutgoingLink>();
  /** Bytes of messages of which not all frames have come. */
  readonly #incompleteBytes = new Map<RheaLink, number>();
  readonly #openTimer: NodeJS.Timeout;
  #ended = false;

  constructor(rhea: Rhea, stream: Duplex, handlers: AmqpPeerHandlers) {
    this.codec = new MessageCodec(rhea);
    this.#stream = stream;
    this.#handlers = handlers;
    // A container a connection: SASL mechanisms belong to the container, credentials to the connection.
    const container = rhea.create_container({ autoaccept: false });
    container.sasl_server_mechanisms = saslMechanisms(handlers.onSasl);
    container.on('error', () => undefined);
    this.#connection = container.create_connection({
      container_id: `DeviceGateway_${randomBytes(16).toString('hex')}`,
      max_frame_size: MAX_FRAME_BYTES,
      channel_max: CHANNEL_MAX,
      idle_time_out: IDLE_TIMEOUT_MS,
      reconnect: false,
    });
    writeWholeFrames(this.#connection);
    this.#openTimer = setTimeout(() => {
      if (this.#connection.remote.open === undefined) stream.destroy();
    }, OPEN_TIMEOUT_MS);
    this.#listen();
    this.#connection.accept(newSocket(stream, () => this.#checkFrame()));
  }

  /**
   * Tells the peer why and ends the connection: sessions first. The Node SDK, told of the connection or of a link alone, runs
   * down what it has open and waits 45 seconds for answers that cannot come any more.
   *
   * @param sessionError where a session hears another word than the connection
   */
  close(error?: AmqpError, sessionError = error): void {
    if (this.#ended) return;
    for (const session of Object.values(this.#connection.remote_channel_map)) session.close(sessionError);
    this.#connection.close(error);
    if (this.#connection.remote.open === undefined) this.#stream.destroy();
    // A peer that does not answer must not keep the socket.
    else setTimeout(() => this.#stream.destroy(), CLOSE_GRACE_MS);
    this.#end();
  }

  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#handlers.onFault(error);
      this.#stream.destroy();
    }
  }

  get isCongested(): boolean {
    return this.#stream.writableLength > CONGESTED_BYTES;
  }

  #listen(): void {
    const connection = this.#connection;
    for (const event of PEER_MISTAKES) connection.on(event, () => undefined);
    connection.on('sender_open', ({ sender }) => {
      if (sender !== undefined) this.#open(sender, new OutgoingLink(sender, this));
    });
    connection.on('receiver_open', ({ receiver }) => {
      if (receiver !== undefined) this.#open(receiver, new IncomingLink(receiver, this));
    });
    // rhea tells nothing of the links of a session that ends.
    connection.on('session_close', ({ session }) => {
      for (const [rheaLink, link] of [...this.#links]) if (rheaLink.session === session) link.ended();
    });
    const takeTransfer = connection.on_transfer.bind(connection);
    connection.on_transfer = (frame) => {
      this.#checkDelivery(frame);
      takeTransfer(frame);
      if (frame.performative.more || this.#incompleteBytes.size > 0) this.#checkTransfer(frame);
    };
    // It runs in a tick of its own: what it throws would end the process.
    const settle = connection._process.bind(connection);
    connection._process = () => this.guard(settle);
    this.#stream.on('drain', () => {
      for (const link of this.#links.values()) if (link.role === 'outgoing') link.resume();
    });
    this.#stream.on('close', () => this.#disconnected());
  }

  #open(rheaLink: RheaLink, link: IncomingLink | OutgoingLink): void {
    this.#links.set(rheaLink, link);
    link.onClose(() => {
      this.#links.delete(rheaLink);
      this.#incompleteBytes.delete(rheaLink);
    });
    this.guard(() => this.#handlers.onLink(link));
  }

  /** A frame larger than announced is not buffered to its end. */
  #checkFrame(): void {
    if ((this.#connection.frame_size ?? 0) > MAX_FRAME_BYTES) this.#stream.destroy();
  }

  /** AMQP 1.0 §2.7.5: the first transfer of a delivery names it. rhea takes one without a name, and cannot settle it. */
  #checkDelivery({ channel, performative }: RheaTransferFrame): void {
    const rheaLink = this.#connection.remote_channel_map[channel]?.remote.handles[performative.handle];
    if (rheaLink?._incomplete !== undefined || typeof performative.delivery_id === 'number') return;
    throw new Error('a transfer has no delivery-id'); // a mistake of the peer, which rhea ends its connection for
  }

  /** A message in many frames ends its link when it gets too large, instead of being buffered to its end. */
  #checkTransfer({ channel, performative, payload }: RheaTransferFrame): void {
    const rheaLink = this.#connection.remote_channel_map[channel]?.remote.handles[performative.handle];
    if (rheaLink === undefined) return;
    if (!performative.more) {
      this.#incompleteBytes.delete(rheaLink);
      return;
    }
    const bytes = (this.#incompleteBytes.get(rheaLink) ?? 0) + (payload?.length ?? 0);
    if (bytes <= MAX_TRANSFER_BYTES) {
      this.#incompleteBytes.set(rheaLink, bytes);
      return;
    }
    if (rheaLink._incomplete !== undefined) rheaLink._incomplete.frames.length = 0; // also what comes before the peer has heard
    this.#links.get(rheaLink)?.close({
      condition: 'amqp:link:message-size-exceeded',
      description: `a message may not be larger than ${MAX_TRANSFER_BYTES} bytes`,
    });
  }

  #disconnected(): void {
    const connection = this.#connection;
    connection.eof();
    connection.socket_ready = false; // nothing is written from here on, and no timer is armed
    clearTimeout(connection.heartbeat_in);
    clearTimeout(connection.heartbeat_out);
    clearTimeout(this.#openTimer);
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const link of [...this.#links.values()]) link.ended();
    this.guard(this.#handlers.onEnd);
  }
}
