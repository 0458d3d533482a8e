import type { LoggedEvent, PartitionProperties } from '../../../model/event.ts';
import type { AmqpValue, OutgoingMessage } from '../transport/messages.ts';

/** System properties that have their place in the properties section; the others are annotations. */
const IN_PROPERTIES = new Set([
  'message-id',
  'correlation-id',
  'user-id',
  'to',
  'absolute-expiry-time',
  'content-type',
  'content-encoding',
]);

/** An event as a reader of the Event Hubs-compatible endpoint gets it. @see service-protocol.md, 12.4 */
export function eventMessage(event: LoggedEvent): OutgoingMessage {
  const { systemProperties, properties, enqueuedMs } = event;
  const expiryMs = Date.parse(systemProperties['absolute-expiry-time'] ?? '');
  return {
    messageId: systemProperties['message-id'],
    correlationId: systemProperties['correlation-id'],
    userId: systemProperties['user-id'],
    to: systemProperties['to'],
    contentType: systemProperties['content-type'],
    contentEncoding: systemProperties['content-encoding'],
    absoluteExpiryMs: Number.isNaN(expiryMs) ? undefined : expiryMs,
    annotations: {
      'x-opt-sequence-number': { type: 'long', value: event.sequenceNumber },
      'x-opt-offset': event.offset,
      'x-opt-enqueued-time': { type: 'timestamp', value: enqueuedMs },
      ...Object.fromEntries(Object.entries(systemProperties).filter(([name]) => !IN_PROPERTIES.has(name))),
      ...event.annotations,
      'iothub-enqueuedtime': { type: 'timestamp', value: enqueuedMs },
    },
    applicationProperties: properties,
    body: event.body,
  };
}

/** What a reader that asked for runtime metrics is told with each event. @see service-protocol.md, 12.3 */
export function runtimeMetrics(partition: PartitionProperties, nowMs: number): Record<string, AmqpValue> {
  return {
    last_enqueued_sequence_number: { type: 'long', value: partition.lastSequenceNumber },
    last_enqueued_offset: partition.lastOffset,
    last_enqueued_time_utc: { type: 'timestamp', value: partition.lastEnqueuedMs },
    runtime_info_retrieval_time_utc: { type: 'timestamp', value: nowMs },
  };
}
