import type { EventReader } from '../../../model/event.ts';
import { HubError } from '../../../model/hub-error.ts';
import type { Address } from '../addresses.ts';
import type { AmqpConnection } from '../amqp-connection.ts';
import { toAmqpError } from '../errors.ts';
import type { OutgoingLink } from '../transport/outgoing-link.ts';
import { eventMessage, runtimeMetrics } from './event-message.ts';
import { startPositionOf } from './start-position.ts';
import { unknownPartition } from './unknown-partition.ts';

const EPOCH = 'com.microsoft:epoch';
const RUNTIME_METRICS = 'com.microsoft:enable-receiver-runtime-metric';
/** Events read in one go, so that a reader far behind leaves time for others. */
const READ_AT_ONCE = 100;

/**
 * Sends the events of a partition from where the reader wants to begin, and goes on with those to come.
 *
 * @throws HubError ArgumentInvalid, and what `EventReceivers.open` throws
 * @see service-protocol.md, 12.3
 */
export function servePartition(
  connection: AmqpConnection,
  link: OutgoingLink,
  { consumerGroup, partitionId }: Extract<Address, { kind: 'partition' }>,
): void {
  const { hub } = connection;
  const start = startPositionOf(link.filter);
  const closeReceiver = hub.eventReceivers.open({
    consumerGroup,
    partitionId,
    epoch: epochOf(link),
    evict: (error) => link.close(toAmqpError(error, hub.now())),
  });
  const reader = hub.eventLog.openReader(partitionId, start);
  link.onClose(() => {
    closeReceiver();
    reader?.close();
  });
  if (reader === undefined) link.refuse(unknownPartition(hub.eventLog.partitionIds));
  else stream(connection, link, { partitionId, reader });
}

function stream(
  { hub, onFault }: AmqpConnection,
  link: OutgoingLink,
  { partitionId, reader }: { partitionId: string; reader: EventReader },
): void {
  const withMetrics = link.desiredCapabilities.includes(RUNTIME_METRICS);
  let scheduled = false;
  const pump = (): void => {
    scheduled = false;
    try {
      const room = Math.min(link.room, READ_AT_ONCE);
      const events = room > 0 ? reader.read(room) : [];
      const partition = withMetrics && events.length > 0 ? hub.eventLog.properties(partitionId) : undefined;
      const deliveryAnnotations = partition === undefined ? undefined : runtimeMetrics(partition, hub.now());
      for (const event of events) link.sendNow({ ...eventMessage(event), deliveryAnnotations });
      if (events.length === READ_AT_ONCE) schedule();
    } catch (error) {
      onFault(error);
      link.close(toAmqpError(new HubError('ServerError', 'the events could not be read'), hub.now()));
    }
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(pump);
  };
  link.onClose(hub.eventLog.onAppended(partitionId, schedule));
  link.accept({ onCredit: schedule });
}

/** Undefined for a receiver that shares its partition. */
function epochOf({ properties }: OutgoingLink): number | undefined {
  const epoch = properties[EPOCH];
  return typeof epoch === 'number' ? epoch : undefined;
}
