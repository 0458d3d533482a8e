import { readMap, readMessage, type IncomingMessage, type MessageCodec, type OutgoingMessage } from './messages.ts';
import type { RheaContext, RheaDelivery, RheaLink, RheaReceiver, RheaSender } from './rhea.ts';

/** Why a link, a connection or a message is refused. */
export interface AmqpError {
  readonly condition: string;
  readonly description: string;
  readonly info?: Readonly<Record<string, unknown>>;
}

/** What a link needs of its connection. */
export interface LinkHost {
  readonly codec: MessageCodec;
  /** Whether the peer does not read as fast as it is sent to. */
  readonly isCongested: boolean;
  /** Runs a handler of ours and reports what it throws: rhea would take it for the peer's mistake. */
  guard(run: () => void): void;
}

/**
 * A link that a peer has asked for. Its attach is answered when it is accepted or refused, which may be later.
 */
abstract class Link {
  readonly properties: Readonly<Record<string, unknown>>;
  protected readonly host: LinkHost;
  readonly #link: RheaLink;
  readonly #closeListeners = new Set<() => void>();
  #state: 'asked' | 'open' | 'closed' = 'asked';

  constructor(link: RheaLink, host: LinkHost) {
    this.#link = link;
    this.host = host;
    this.properties = readMap(link.properties);
    // rhea has opened its end already; nothing is written before the current tick ends.
    link.state.local_open = false;
    link.state.open_requests = 0;
    const onClose = (): void => host.guard(() => this.#peerClosed());
    link.on('sender_close', onClose);
    link.on('receiver_close', onClose);
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Called once, however the link ends, the end of the connection included. */
  onClose(listener: () => void): void {
    if (this.#state === 'closed') listener();
    else this.#closeListeners.add(listener);
  }

  /** Attaches, as the service does, and detaches with the error. */
  refuse(error: AmqpError): void {
    this.answer({});
    this.close(error);
  }

  close(error?: AmqpError): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'asked') this.#link.open();
    this.#link.close(error);
    this.ended();
  }

  /** The connection is gone, or the link. */
  ended(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const listener of [...this.#closeListeners]) this.host.guard(listener);
    this.#closeListeners.clear();
  }

  protected answer(attach: Readonly<Record<string, unknown>>): void {
    if (this.#state !== 'asked') return;
    const link = this.#link;
    link.set_source({ address: link.source?.address ?? undefined });
    link.set_target({ address: link.target?.address ?? undefined });
    Object.assign(link.local.attach, { properties: link.properties, ...attach });
    link.open();
    this.#state = 'open';
  }

  #peerClosed(): void {
    if (this.#state === 'asked') this.#link.open(); // a detach wants an attach before it
    this.ended();
  }
}

/** A message of the peer, to be settled once. */
export interface IncomingDelivery {
  readonly message: IncomingMessage;
  /** 0 for AMQP's own format. */
  readonly format: number;
  accept(): void;
  reject(error: AmqpError): void;
}

/** The peer sends to us. */
export class IncomingLink extends Link {
  readonly role = 'incoming';
  readonly address: string;
  readonly #receiver: RheaReceiver;

  constructor(receiver: RheaReceiver, host: LinkHost) {
    super(receiver, host);
    this.#receiver = receiver;
    this.address = receiver.target?.address ?? '';
  }

  /** @param options.maxMessageBytes announced to the peer, not enforced */
  accept(options: { maxMessageBytes?: number; onMessage: (delivery: IncomingDelivery) => void }): void {
    const { onMessage, maxMessageBytes } = options;
    this.#receiver.on('message', (context) => {
      this.host.guard(() => {
        const delivery = this.isOpen ? this.#read(context) : undefined;
        if (delivery !== undefined) onMessage(delivery);
      });
    });
    this.answer(maxMessageBytes === undefined ? {} : { max_message_size: maxMessageBytes });
  }

  #read({ message, delivery, format }: RheaContext): IncomingDelivery | undefined {
    if (message === undefined || delivery === undefined) return undefined;
    return {
      message: Buffer.isBuffer(message) ? this.host.codec.decode(message) : readMessage(message),
      format: format ?? 0,
      accept: () => delivery.accept(),
      reject: (error) => {
        // rhea merges the dispositions of one tick, the second with the first whatever they say: this one goes alone.
        this.#receiver.connection._process();
        delivery.reject(error);
        this.#receiver.connection._process();
      },
    };
  }
}

/** What a peer did with a message. */
export type Outcome = 'accepted' | 'rejected' | 'released';

const OUTCOMES = ['accepted', 'rejected', 'released'] as const;

/** Resolves when the outcome is durable; never rejects. */
export type OnOutcome = (tag: Buffer, outcome: Outcome) => Promise<void>;

/** We send to the peer, as much as it gives credit for. */
export class OutgoingLink extends Link {
  readonly role = 'outgoing';
  readonly address: string;
  readonly targetAddress: string;
  /** The texts of the filters on the source, by name. */
  readonly filter: Readonly<Record<string, string>>;
  readonly desiredCapabilities: readonly string[];
  readonly #sender: RheaSender;
  readonly #waiting: OutgoingMessage[] = [];
  #sent = 0;
  #settled = true;
  #onCredit: () => void = () => undefined;

  constructor(sender: RheaSender, host: LinkHost) {
    super(sender, host);
    this.#sender = sender;
    this.address = sender.source?.address ?? '';
    this.targetAddress = sender.target?.address ?? '';
    this.filter = readFilter(sender.source?.filter);
    this.desiredCapabilities = readCapabilities(sender.desired_capabilities);
  }

  /**
   * Accepts a link whose messages go out settled: nobody hears what became of them.
   *
   * @param onCredit there is, or may be, room for more
   */
  accept(options: { onCredit?: () => void } = {}): void {
    this.#open({ onCredit: options.onCredit, attach: { snd_settle_mode: 1, rcv_settle_mode: 0 } });
  }

  /** Accepts a link whose messages the peer settles. @param onOutcome `tag` is what the message was sent with */
  acceptUnsettled(options: { onCredit?: () => void; onOutcome: OnOutcome }): void {
    this.#settled = false;
    for (const outcome of OUTCOMES) {
      this.#sender.on(outcome, ({ delivery }) => {
        if (delivery !== undefined) this.host.guard(() => this.#settle(delivery, outcome, options.onOutcome));
      });
    }
    this.#open({
      onCredit: options.onCredit,
      attach: { snd_settle_mode: 0, rcv_settle_mode: this.#sender.rcv_settle_mode ?? 0 },
    });
  }

  /** How many messages may go out now. More would hold up the other links of the session. */
  get room(): number {
    if (!this.isOpen || this.host.isCongested) return 0;
    const unsent = this.#sent - this.#sender.delivery_count;
    return Math.max(0, Math.min(this.#sender.credit - unsent, this.#sender.session.outgoing.available()));
  }

  /** Sends now, or as soon as the peer gives credit. */
  send(message: OutgoingMessage): void {
    this.#waiting.push(message);
    this.#sendWaiting();
  }

  /** Sends now. @param tag names the delivery, up to 32 bytes. Only where there is {@link room} */
  sendNow(message: OutgoingMessage, tag?: Buffer): void {
    this.#sent += 1;
    const delivery = this.#sender.send(this.host.codec.encode(message), tag, 0);
    if (this.#settled) delivery.settled = true;
  }

  /** There may be room again. */
  resume(): void {
    this.host.guard(() => {
      this.#sendWaiting();
      if (this.room > 0) this.#onCredit();
    });
  }

  #open(options: { onCredit: (() => void) | undefined; attach: Readonly<Record<string, unknown>> }): void {
    this.#onCredit = options.onCredit ?? this.#onCredit;
    this.#sender.on('sender_flow', () => this.resume());
    this.#sender.on('sendable', () => this.resume()); // the session has room again
    this.#sender.on('sender_draining', () => setImmediate(() => this.#drain()));
    this.answer(options.attach);
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0 && this.room > 0) {
      const message = this.#waiting.shift();
      if (message !== undefined) this.sendNow(message);
    }
  }

  /** Gives back the credit that nothing is there for. AMQP 1.0 §2.6.7 */
  #drain(): void {
    if (!this.isOpen || this.#sent !== this.#sender.delivery_count) return;
    this.#sent += this.#sender.credit;
    this.#sender.set_drained(true);
    this.#sender.connection._register();
  }

  /** A peer that has not settled itself waits for us to do it. AMQP 1.0 §2.6.12 */
  #settle(delivery: RheaDelivery, outcome: Outcome, onOutcome: OnOutcome): void {
    void onOutcome(delivery.tag, outcome).then(() => {
      if (delivery.remote_settled) return;
      delivery.update(true);
      delivery.remote_settled = true; // the peer forgets it now and says no more
    });
  }
}

function readCapabilities(capabilities: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(capabilities) ? capabilities : [capabilities];
  return list.filter((capability) => typeof capability === 'string');
}

/** A filter's text, which rhea leaves in its described form. */
function readFilter(filter: unknown): Record<string, string> {
  const texts = Object.entries(readMap(filter)).map(([name, value]): [string, unknown] => [
    name,
    typeof value === 'object' && value !== null ? Reflect.get(value, 'value') : value,
  ]);
  return Object.fromEntries(texts.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
