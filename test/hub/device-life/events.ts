import {
  earliestEventPosition,
  type EventHubConsumerClient,
  type ReceivedEventData,
  type Subscription,
} from '@azure/event-hubs';
import { within } from '../../support/programs.ts';

/** What the events endpoint hands out, from its beginning: one reader for a whole suite. */
export class Events {
  readonly #consumer: EventHubConsumerClient;
  readonly #subscription: Subscription;
  readonly #received: ReceivedEventData[] = [];
  readonly #watchers = new Set<() => void>();
  #failure: Error | undefined;

  constructor(consumer: EventHubConsumerClient) {
    this.#consumer = consumer;
    this.#subscription = consumer.subscribe(
      {
        processEvents: (events) => {
          this.#received.push(...events);
          this.#tell();
          return Promise.resolve();
        },
        processError: (error) => {
          this.#failure = error instanceof Error ? error : new Error(String(error));
          this.#tell();
          return Promise.resolve();
        },
      },
      { startPosition: earliestEventPosition, maxWaitTimeInSeconds: 1, maxBatchSize: 500 },
    );
  }

  /** The telemetry of a device, once there are so many. */
  telemetryOf(deviceId: string, count = 1): Promise<ReceivedEventData[]> {
    const coming = new Promise<ReceivedEventData[]>((resolve, reject) => {
      const look = (): void => {
        const found = this.#received.filter(({ systemProperties }) => isTelemetryOf(deviceId, systemProperties));
        if (this.#failure !== undefined) reject(this.#failure);
        else if (found.length >= count) resolve(found);
        else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
    return within(`${count} events of ${deviceId}`, coming);
  }

  async close(): Promise<void> {
    await this.#subscription.close();
    await this.#consumer.close();
  }

  #tell(): void {
    for (const look of [...this.#watchers]) look();
  }
}

function isTelemetryOf(deviceId: string, properties: Readonly<Record<string, unknown>> = {}): boolean {
  return properties['iothub-connection-device-id'] === deviceId && properties['iothub-message-source'] === 'Telemetry';
}
