import { HubError } from '../../../model/hub-error.ts';
import { Link, type AmqpError, type LinkHost } from './link.ts';
import { readMessage, readText, type IncomingMessage } from './messages.ts';
import type { RheaContext, RheaReceiver } from './rhea.ts';

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
    this.address = readText(receiver.target?.address) ?? '';
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

  /** rhea decodes what has AMQP's own format; the rest comes as it is. Undefined for what cannot be read. */
  #decode(bytes: Buffer): IncomingMessage | undefined {
    try {
      return this.host.codec.decode(bytes);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return undefined;
    }
  }

  #read({ message, delivery, format }: RheaContext): IncomingDelivery | undefined {
    if (message === undefined || delivery === undefined) return undefined;
    const decoded = Buffer.isBuffer(message) ? this.#decode(message) : readMessage(message);
    if (decoded === undefined) {
      delivery.reject({ condition: 'amqp:decode-error', description: 'the bytes are no AMQP message' });
      return undefined;
    }
    return {
      message: decoded,
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
