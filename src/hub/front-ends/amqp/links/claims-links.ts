import type { Hub } from '../../../hub.ts';
import { HubError } from '../../../model/hub-error.ts';
import type { Credentials } from '../credentials.ts';
import { toAmqpError } from '../errors.ts';
import type { IncomingDelivery, IncomingLink, OutgoingLink } from '../transport/links.ts';
import type { OutgoingMessage } from '../transport/messages.ts';

const SAS_TOKEN_TYPES = new Set(['servicebus.windows.net:sastoken']);

/** Claims-based security: tokens on `$cbs`, an answer each. @see device-protocol.md, 8.2 */
export class ClaimsChannel {
  readonly #hub: Hub;
  readonly #credentials: Credentials;
  readonly #answers = new Set<OutgoingLink>();

  constructor(hub: Hub, credentials: Credentials) {
    this.#hub = hub;
    this.#credentials = credentials;
  }

  attach(link: IncomingLink | OutgoingLink): void {
    if (link.role === 'incoming') {
      link.accept({ onMessage: (delivery) => this.#answer(delivery) });
      return;
    }
    this.#answers.add(link);
    link.onClose(() => this.#answers.delete(link));
    link.accept();
  }

  #answer(delivery: IncomingDelivery): void {
    delivery.accept();
    const { messageId, replyTo } = delivery.message;
    const answer = this.#put(delivery);
    const links = [...this.#answers];
    const link = links.find(({ targetAddress }) => targetAddress === replyTo) ?? links.at(-1);
    link?.send({ correlationId: messageId, ...answer });
  }

  /** The service answers 200 and nothing else for success: the Node SDK takes 202 for a refusal. */
  #put({ message }: IncomingDelivery): OutgoingMessage {
    const { operation, type } = message.applicationProperties;
    try {
      if (operation !== 'put-token') throw new HubError('InvalidOperation', 'the operation must be put-token');
      if (typeof type !== 'string' || !SAS_TOKEN_TYPES.has(type.toLowerCase())) {
        throw new HubError('InvalidOperation', 'the type must be servicebus.windows.net:sastoken');
      }
      if (typeof message.value !== 'string') throw new HubError('ArgumentInvalid', 'the body must be a token');
      this.#credentials.put(message.value);
      return status(200, 'OK');
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return status(error.status, toAmqpError(error, this.#hub.now()).description);
    }
  }
}

function status(code: number, description: string): OutgoingMessage {
  const applicationProperties = {
    'status-code': { type: 'int', value: code },
    'status-description': description,
  } as const;
  return { applicationProperties, body: Buffer.alloc(0) };
}
