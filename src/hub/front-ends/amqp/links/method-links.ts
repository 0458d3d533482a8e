import { randomUUID } from 'node:crypto';
import type { MethodCall } from '../../../operations/connections.ts';
import type { IncomingDelivery, IncomingLink } from '../transport/incoming-link.ts';
import type { OutgoingLink } from '../transport/outgoing-link.ts';
import type { MessageCodec } from '../transport/messages.ts';

/** Direct methods of one device: a link for requests, one for answers. @see device-protocol.md, 7 and 8.3 */
export class MethodChannel {
  readonly #codec: MessageCodec;
  readonly #calls = new Map<string, MethodCall>();
  #requests: OutgoingLink | undefined;
  #responses: IncomingLink | undefined;

  constructor(codec: MessageCodec) {
    this.#codec = codec;
  }

  /** A device takes methods only when both links are there. */
  get isOpen(): boolean {
    return this.#requests?.isOpen === true && this.#responses?.isOpen === true;
  }

  acceptRequests(link: OutgoingLink, onChange: () => void): void {
    this.#requests = link;
    link.accept();
    link.onClose(onChange);
    onChange();
  }

  acceptResponses(link: IncomingLink, onChange: () => void): void {
    this.#responses = link;
    link.accept({ onMessage: (delivery) => this.#respond(delivery) });
    link.onClose(onChange);
    onChange();
  }

  /** @returns forgets the call */
  deliver(call: MethodCall): () => void {
    const id = randomUUID();
    this.#calls.set(id, call);
    this.#requests?.send({
      correlationId: this.#codec.uuid(id),
      applicationProperties: { 'IoThub-methodname': call.name },
      body: Buffer.from(call.payload ?? ''),
    });
    return () => this.#calls.delete(id);
  }

  /** An unknown or late answer is passed over. */
  #respond(delivery: IncomingDelivery): void {
    delivery.accept();
    const { correlationId, applicationProperties, data } = delivery.message;
    const status = applicationProperties['IoThub-status'];
    const call = this.#calls.get(this.#codec.idText(correlationId)?.toLowerCase() ?? '');
    call?.respond(typeof status === 'number' ? status : String(status), data);
  }
}
