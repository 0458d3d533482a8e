import { Link, type LinkHost } from './link.ts';
import { readMap, readText, type OutgoingMessage } from './messages.ts';
import type { RheaDelivery, RheaSender } from './rhea.ts';

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
    this.address = readText(sender.source?.address) ?? '';
    this.targetAddress = readText(sender.target?.address) ?? '';
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
