import {
  EventHubConsumerClient,
  type EventHubConsumerClientOptions,
  type EventPosition,
  type ReceivedEventData,
} from '@azure/event-hubs';
import WebSocket from 'ws';
import type { TestHub } from '../../../support/hub.ts';

/** An unmodified consumer, over WebSocket: that is where it can be told whom to trust without another process. */
export function newConsumer(
  hub: TestHub,
  consumerGroup = '$Default',
  { policy = 'service', ...options }: EventHubConsumerClientOptions & { policy?: string } = {},
): EventHubConsumerClient {
  const connectionString =
    `Endpoint=sb://localhost:${hub.server.ports.https}/;SharedAccessKeyName=${policy};` +
    `SharedAccessKey=${hub.policyKey(policy)};EntityPath=localhost`;
  return new EventHubConsumerClient(consumerGroup, connectionString, {
    webSocketOptions: { webSocket: WebSocket, webSocketConstructorOptions: { ca: hub.ca } },
    ...options,
  });
}

/** Reads from all partitions until as many events have come. */
export async function readEvents(
  consumer: EventHubConsumerClient,
  startPosition: EventPosition | Record<string, EventPosition>,
  count: number,
): Promise<ReceivedEventData[]> {
  const reading = startReading(consumer, startPosition);
  try {
    return await reading.events(count);
  } finally {
    await reading.close();
  }
}

export interface Reading {
  /** Resolves with the first events once there are as many. */
  events(count: number): Promise<ReceivedEventData[]>;
  close(): Promise<void>;
}

export function startReading(
  consumer: EventHubConsumerClient,
  startPosition: EventPosition | Record<string, EventPosition>,
): Reading {
  const received: ReceivedEventData[] = [];
  const listeners = new Set<() => void>();
  let failure: Error | undefined;
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  const subscription = consumer.subscribe(
    {
      processEvents: (events) => {
        received.push(...events);
        tell();
        return Promise.resolve();
      },
      processError: (error) => {
        failure = error instanceof Error ? error : new Error(String(error));
        tell();
        return Promise.resolve();
      },
    },
    { startPosition, maxWaitTimeInSeconds: 1, maxBatchSize: 500 },
  );
  return {
    events: (count) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (failure !== undefined) reject(failure);
          else if (received.length >= count) resolve(received.slice(0, count));
          else return;
          listeners.delete(check);
        };
        listeners.add(check);
        check();
      }),
    close: async () => {
      await subscription.close();
      await consumer.close();
    },
  };
}
