import type { ServiceMessage } from '../../../model/feedback-message.ts';
import type { ServiceQueue } from '../../../operations/feedback-queue.ts';
import type { AmqpConnection } from '../amqp-connection.ts';
import type { OutgoingLink } from '../transport/outgoing-link.ts';
import type { OutgoingMessage } from '../transport/messages.ts';
import { serveLocked } from './locked-messages.ts';

/** Feedback batches or file notifications to a service. @see service-protocol.md, 10 and 11.4 */
export function serveServiceQueue(connection: AmqpConnection, link: OutgoingLink, queue: ServiceQueue): void {
  serveLocked(
    link,
    {
      receive: () => queue.receive(link),
      complete: (lockToken) => queue.complete(lockToken),
      reject: (lockToken) => queue.reject(lockToken),
      abandon: (lockToken) => queue.abandon(lockToken),
      release: () => queue.releaseHeldBy(link),
      onAvailable: (listener) => queue.onAvailable(listener),
      toAmqp,
    },
    (error) => connection.onFault(error),
  );
}

function toAmqp(message: ServiceMessage): OutgoingMessage {
  return {
    userId: message.userId,
    contentType: message.contentType,
    annotations: {
      'iothub-enqueuedtime': { type: 'timestamp', value: message.enqueuedMs },
      'iothub-deliverycount': { type: 'ubyte', value: message.deliveryCount },
      'x-opt-sequence-number': { type: 'ulong', value: message.sequenceNumber },
      'x-opt-lock-token': message.lockToken,
    },
    body: Buffer.from(message.body),
  };
}
