import { HubError } from '../../../model/hub-error.ts';
import type { OutgoingLink, Outcome } from '../transport/outgoing-link.ts';
import type { OutgoingMessage } from '../transport/messages.ts';

/** A queue whose messages are locked for who receives them, until they are settled. */
export interface LockedQueue<Message extends { readonly lockToken: string }> {
  receive(): Message | undefined;
  complete(lockToken: string): Promise<void>;
  reject(lockToken: string): Promise<void>;
  abandon(lockToken: string): Promise<void>;
  /** Gives back what was not settled. */
  release(): void;
  /** @returns stops that */
  onAvailable(listener: () => void): () => void;
  toAmqp(message: Message): OutgoingMessage;
}

const SETTLEMENTS = { accepted: 'complete', rejected: 'reject', released: 'abandon' } as const satisfies Record<
  Outcome,
  string
>;

/** Sends what a queue has, as fast as the peer gives credit; what the peer decides settles the message. */
export function serveLocked<Message extends { readonly lockToken: string }>(
  link: OutgoingLink,
  queue: LockedQueue<Message>,
  onFault: (error: unknown) => void,
): void {
  const tokens = new Map<string, string>();
  const pump = (): void => {
    while (link.room > 0) {
      const message = queue.receive();
      if (message === undefined) return;
      const tag = guidBytes(message.lockToken);
      tokens.set(tag.toString('hex'), message.lockToken);
      link.sendNow(queue.toAmqp(message), tag);
    }
  };
  const stop = queue.onAvailable(pump);
  link.onClose(() => {
    stop();
    queue.release();
  });
  link.acceptUnsettled({
    onCredit: pump,
    onOutcome: async (tag, outcome) => {
      const lockToken = tokens.get(tag.toString('hex'));
      tokens.delete(tag.toString('hex'));
      if (lockToken !== undefined) await settle(queue, SETTLEMENTS[outcome], lockToken).catch(onFault);
    },
  });
}

/** A disposition that comes too late has no effect, and AMQP has no words for it. @see device-protocol.md, 5.1 */
async function settle(
  queue: LockedQueue<{ readonly lockToken: string }>,
  how: 'complete' | 'reject' | 'abandon',
  lockToken: string,
): Promise<void> {
  try {
    await queue[how](lockToken);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
  }
}

/** A GUID as .NET keeps it, which makes the lock token of the delivery tag: the first three groups little-endian. */
function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
