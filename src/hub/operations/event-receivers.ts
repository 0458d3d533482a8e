import { HubError } from '../model/hub-error.ts';

/** A reader of one partition for one consumer group. */
export interface EventReceiver {
  readonly consumerGroup: string;
  readonly partitionId: string;
  /** Of an exclusive receiver; undefined for one that shares the partition. */
  readonly epoch: number | undefined;
  /** Another receiver took the partition. */
  evict(error: HubError): void;
}

/** Event Hubs' own limit. */
const MAX_SHARED_RECEIVERS = 5;

/**
 * Who reads which partition: one exclusive receiver, or up to five that share it, in each consumer group.
 * @see service-protocol.md, 12.3
 */
export class EventReceivers {
  readonly #open = new Map<string, Set<EventReceiver>>();

  /**
   * Lets a receiver in; an exclusive one ends all others whose epoch is not higher.
   *
   * @returns to be called when it has ended
   * @throws HubError LinkCreationConflict when an exclusive receiver is there with a higher epoch, or with any for one that
   *   would share; IotHubQuotaExceeded for a sixth that would share
   */
  open(receiver: EventReceiver): () => void {
    const key = `${receiver.consumerGroup.toLowerCase()}/${receiver.partitionId}`;
    const others = this.#open.get(key) ?? new Set();
    if (receiver.epoch === undefined) checkShared(others);
    else takeOver(others, receiver.epoch);
    this.#open.set(key, others.add(receiver));
    return () => {
      others.delete(receiver);
      if (others.size === 0 && this.#open.get(key) === others) this.#open.delete(key);
    };
  }
}

function checkShared(others: ReadonlySet<EventReceiver>): void {
  for (const { epoch } of others) if (epoch !== undefined) throw conflict(epoch);
  if (others.size < MAX_SHARED_RECEIVERS) return;
  throw new HubError(
    'IotHubQuotaExceeded',
    `Exceeded the maximum number of allowed receivers per partition in a consumer group which is ${MAX_SHARED_RECEIVERS}.`,
  );
}

function takeOver(others: Set<EventReceiver>, epoch: number): void {
  for (const other of others) if (other.epoch !== undefined && other.epoch > epoch) throw conflict(other.epoch);
  for (const other of [...others]) {
    others.delete(other);
    other.evict(
      new HubError(
        'LinkCreationConflict',
        `New receiver with higher epoch of '${epoch}' is created hence this one is disconnected.`,
      ),
    );
  }
}

function conflict(epoch: number): HubError {
  return new HubError('LinkCreationConflict', `A receiver with a higher epoch '${epoch}' already exists.`);
}
