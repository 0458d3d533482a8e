import type { Hub } from '../../../hub.ts';
import { HubError } from '../../../model/hub-error.ts';
import { toAmqpError } from '../errors.ts';
import { RequestChannel } from '../links/request-channel.ts';
import type { AmqpError } from '../transport/link.ts';
import type { AmqpValue, IncomingMessage, OutgoingMessage } from '../transport/messages.ts';
import { unknownPartition } from './unknown-partition.ts';

/** What readers of the Event Hubs-compatible endpoint ask about it. @see service-protocol.md, 12.2 */
export function newManagementChannel(hub: Hub): RequestChannel {
  return new RequestChannel((request) => {
    try {
      return read(hub, request);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return refusal(error.status, toAmqpError(error, hub.now()));
    }
  });
}

function read(hub: Hub, { applicationProperties }: IncomingMessage): OutgoingMessage {
  const { operation, type, name, partition } = applicationProperties;
  if (operation !== 'READ') throw new HubError('InvalidOperation', 'the operation must be READ');
  // Whatever name the endpoint is addressed by, it is the one there is.
  const entity = typeof name === 'string' ? name : hub.hostName;
  if (type === 'com.microsoft:eventhub') return answer(describeEventHub(hub, entity));
  if (type !== 'com.microsoft:partition') {
    throw new HubError('InvalidOperation', `there is nothing of the type '${String(type)}'`);
  }
  const described = describePartition(hub, entity, String(partition));
  return described === undefined ? refusal(400, unknownPartition(hub.eventLog.partitionIds)) : answer(described);
}

function answer(body: Readonly<Record<string, AmqpValue>>): OutgoingMessage {
  return { applicationProperties: statusOf(200, 'OK'), body };
}

function describeEventHub({ eventLog }: Hub, name: string): Readonly<Record<string, AmqpValue>> {
  return {
    name,
    type: 'com.microsoft:eventhub',
    created_at: { type: 'timestamp', value: eventLog.createdMs },
    partition_count: { type: 'int', value: eventLog.partitionIds.length },
    partition_ids: { type: 'strings', value: eventLog.partitionIds },
  };
}

function describePartition(
  { eventLog }: Hub,
  name: string,
  id: string,
): Readonly<Record<string, AmqpValue>> | undefined {
  const partition = eventLog.properties(id);
  if (partition === undefined) return undefined;
  return {
    name,
    type: 'com.microsoft:partition',
    partition: id,
    begin_sequence_number: { type: 'long', value: partition.beginSequenceNumber },
    last_enqueued_sequence_number: { type: 'long', value: partition.lastSequenceNumber },
    last_enqueued_offset: partition.lastOffset,
    last_enqueued_time_utc: { type: 'timestamp', value: partition.lastEnqueuedMs },
    is_partition_empty: partition.isEmpty,
  };
}

function statusOf(code: number, description: string): Record<string, AmqpValue> {
  return { 'status-code': { type: 'int', value: code }, 'status-description': description };
}

function refusal(status: number, { condition, description }: AmqpError): OutgoingMessage {
  return { applicationProperties: { ...statusOf(status, description), 'error-condition': condition }, body: {} };
}
