import type { ServiceHub } from '../../config/index.ts';
import type { AmqpProtocol } from '../../sdk/cloud-to-device-sdk.ts';
import { findEventEndpoint } from '../../sdk/event-endpoint.ts';
import { type EventReader, type HubEvent, openEventReader, type ReadPosition } from '../../sdk/event-reader.ts';
import { endOf, reconnect } from './reconnect.ts';

export interface WatchOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly protocol: AmqpProtocol;
  readonly consumerGroup: string;
  readonly from: ReadPosition;
  readonly onListening: (reader: EventReader) => void;
  readonly onEvent: (event: HubEvent) => void;
  /** Told when the connection is lost, and each time that it does not come back. */
  readonly onTrouble: (line: string) => void;
}

/**
 * Reads the events of a hub until the signal; a lost connection is made anew, and reading goes on behind the last event.
 *
 * @throws ProgramError when the first connection does not come about, or the hub refuses one
 */
export async function watchEvents(hub: ServiceHub, options: WatchOptions): Promise<void> {
  const { signal } = options;
  const reached = new Map<string, number>();
  const onEvent = (event: HubEvent): void => {
    reached.set(event.partition, event.sequenceNumber);
    options.onEvent(event);
  };
  let reader = await connect(hub, { ...options, onEvent });
  while (!signal.aborted) {
    for (const [partition, { sequenceNumber }] of reader.partitions) {
      if (!reached.has(partition) && options.from.kind === 'now') reached.set(partition, sequenceNumber);
    }
    const reason = await endOf(reader.ended, signal);
    reader.close();
    if (reason === undefined) return;
    options.onTrouble(`The connection to the events of the hub is lost (${reason}); trying again …`);
    const from: ReadPosition = reached.size === 0 ? options.from : { kind: 'behind', sequenceNumbers: reached };
    reader = await reconnect(() => connect(hub, { ...options, onEvent, from }), options);
  }
}

async function connect(hub: ServiceHub, options: WatchOptions): Promise<EventReader> {
  const endpoint = await findEventEndpoint(hub, options);
  const reader = await openEventReader(hub, endpoint, options);
  options.onListening(reader);
  return reader;
}
