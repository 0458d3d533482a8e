import type { Buffer } from 'node:buffer';

/** An event as the Event Hubs-compatible endpoint shows it. @see service-protocol.md, 12.4 */
export interface LoggedEvent {
  /** Contiguous from 0 in its partition. */
  readonly sequenceNumber: number;
  /** Decimal digits, growing with gaps; compare as numbers. */
  readonly offset: string;
  readonly enqueuedMs: number;
  /** Annotations with text values: `iothub-connection-device-id`, `iothub-message-source` and the like. */
  readonly annotations: Readonly<Record<string, string>>;
  /** System properties that the sender set, by their Event Hubs names. */
  readonly systemProperties: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, string | null>>;
  readonly body: Buffer;
}

/** Where a reader begins. Exclusive unless `inclusive`. What retention has taken already is passed over. */
export type StartPosition =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: number; readonly inclusive: boolean }
  | { readonly kind: 'sequenceNumber'; readonly sequenceNumber: number; readonly inclusive: boolean }
  | { readonly kind: 'enqueuedTime'; readonly enqueuedMs: number; readonly inclusive: boolean };

export interface PartitionProperties {
  readonly id: string;
  /** The oldest event that is still there; the next one to come where there is none. */
  readonly beginSequenceNumber: number;
  /** -1 before the first event. */
  readonly lastSequenceNumber: number;
  /** '-1' before the first event. */
  readonly lastOffset: string;
  /** 0 before the first event. */
  readonly lastEnqueuedMs: number;
  readonly isEmpty: boolean;
}

/** Reads one partition in order. Any number of readers go their own ways. */
export interface EventReader {
  /** The next events, oldest first; empty when there are none now. Reads files, synchronously and in small pieces. */
  read(maxEvents: number): LoggedEvent[];
  close(): void;
}

/** What the hub has told, in partitions. */
export interface EventLog {
  readonly partitionIds: readonly string[];
  readonly createdMs: number;
  /** Undefined for an unknown partition. */
  properties(partitionId: string): PartitionProperties | undefined;
  /** Undefined for an unknown partition. */
  openReader(partitionId: string, start: StartPosition): EventReader | undefined;
  /** Calls back, once a batch, behind every append to a partition. @returns stops that */
  onAppended(partitionId: string, listener: () => void): () => void;
}

/** Events that are stored together. */
export interface AppendedBatch {
  /** Calls back once the events of this batch survive the death of the process, or with why they could not be stored. */
  whenStored(listener: (error: Error | undefined) => void): void;
}
