import type { IncomingLink } from '../transport/incoming-link.ts';
import type { OutgoingLink } from '../transport/outgoing-link.ts';
import type { IncomingMessage, OutgoingMessage } from '../transport/messages.ts';

/** Requests on one link, answers on another: `$cbs` and `$management`. */
export class RequestChannel {
  readonly #answer: (request: IncomingMessage) => OutgoingMessage;
  readonly #answers = new Set<OutgoingLink>();

  /** @param answer the answer to a request, without its correlation id */
  constructor(answer: (request: IncomingMessage) => OutgoingMessage) {
    this.#answer = answer;
  }

  attach(link: IncomingLink | OutgoingLink): void {
    if (link.role === 'outgoing') {
      this.#answers.add(link);
      link.onClose(() => this.#answers.delete(link));
      link.accept();
      return;
    }
    link.accept({
      onMessage: (delivery) => {
        delivery.accept();
        this.#reply(delivery.message);
      },
    });
  }

  /** To the link that the request names, else to the newest: SDKs of IoT Hub name none. */
  #reply(request: IncomingMessage): void {
    const answer = this.#answer(request);
    const links = [...this.#answers];
    const link = links.find(({ targetAddress }) => targetAddress === request.replyTo) ?? links.at(-1);
    link?.send({ correlationId: request.messageId, ...answer });
  }
}
