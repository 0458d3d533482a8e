import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceHub } from '../../config/index.ts';
import type { AmqpProtocol } from '../../sdk/cloud-to-device-sdk.ts';
import { findEventEndpoint } from '../../sdk/event-endpoint.ts';
import { type EventReader, type HubEvent, openEventReader, type ReadPosition } from '../../sdk/event-reader.ts';
import { formatDuration, ProgramError } from '../../terminal/index.ts';

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

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

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
    const reason = await endOf(reader, signal);
    reader.close();
    if (reason === undefined) return;
    options.onTrouble(`The connection to the events of the hub is lost (${reason}); trying again …`);
    const from: ReadPosition = reached.size === 0 ? options.from : { kind: 'behind', sequenceNumbers: reached };
    reader = await reconnect(hub, { ...options, onEvent, from });
  }
}

async function connect(hub: ServiceHub, options: WatchOptions): Promise<EventReader> {
  const endpoint = await findEventEndpoint(hub, options);
  const reader = await openEventReader(hub, endpoint, options);
  options.onListening(reader);
  return reader;
}

async function reconnect(hub: ServiceHub, options: WatchOptions): Promise<EventReader> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    await delay(pauseMs, undefined, { signal: options.signal });
    try {
      return await connect(hub, options);
    } catch (error) {
      if (!(error instanceof ProgramError) || error.exit !== 'noHub') throw error;
      const next = formatDuration(Math.min(pauseMs * 2, LONGEST_PAUSE_MS));
      options.onTrouble(`${error.message}; again in ${next}`);
    }
  }
}

/** Why reading ended; undefined when it was stopped. */
async function endOf(reader: EventReader, signal: AbortSignal): Promise<string | undefined> {
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([reader.ended, stopped]);
    return undefined;
  } catch (error) {
    return signal.aborted ? undefined : error instanceof Error ? error.message : String(error);
  }
}
