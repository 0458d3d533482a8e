import type { DeviceMessage } from '../../model/device-message.ts';
import type { AppendedBatch, EventReader, PartitionProperties, StartPosition } from '../../model/event.ts';
import type { AppendLog } from './append-log.ts';
import { encodeHeader, FrameWriter } from './frame.ts';
import { Partition } from './partition.ts';
import type { SegmentStorage } from './segment-storage.ts';

export interface PartitionedLogOptions {
  readonly storage: SegmentStorage;
  readonly now: () => number;
  readonly partitions: number;
  readonly retentionMs: number;
  /** Of all partitions together. */
  readonly maxBytes: number;
  /** Told when events can no longer be written; not again until one could. */
  readonly onFault: (error: unknown) => void;
}

/** A frame that has grown to this is written before the moment is over. */
const MAX_FRAME_BYTES = 1024 * 1024;

/**
 * The events of the hub in partitions. What comes in one turn of the event loop is written with one call a partition, and
 * acknowledged together behind it: an event costs an encoding and its share of a system call.
 */
export class PartitionedLog implements AppendLog {
  readonly partitionIds: readonly string[];
  readonly createdMs: number;
  readonly #options: PartitionedLogOptions;
  readonly #partitions: readonly Partition[];
  readonly #writers: readonly FrameWriter[];
  readonly #touched = new Set<Partition>();
  #batch: Batch | undefined;
  #fault: Error | undefined;
  #isFailing = false;
  #isClosed = false;

  constructor(options: PartitionedLogOptions) {
    const { storage, partitions, retentionMs, maxBytes } = options;
    const retention = { maxAgeMs: retentionMs, maxBytes: Math.floor(maxBytes / partitions) };
    this.#options = options;
    this.createdMs = storage.createdMs;
    this.partitionIds = Array.from({ length: partitions }, (_, index) => String(index));
    this.#partitions = this.partitionIds.map((id) => new Partition(id, storage, retention));
    this.#writers = this.partitionIds.map(() => new FrameWriter());
  }

  append(partition: number, stamps: string, message: DeviceMessage): AppendedBatch | undefined {
    return this.#append(partition, (writer) => writer.add(stamps, message));
  }

  prepare(stamps: string, message: Omit<DeviceMessage, 'body'>): Buffer {
    return encodeHeader(stamps, message);
  }

  appendPrepared(partition: number, prepared: Buffer, body: Buffer): AppendedBatch | undefined {
    return this.#append(partition, (writer) => writer.addEncoded(prepared, body));
  }

  #append(partition: number, add: (writer: FrameWriter) => void): AppendedBatch | undefined {
    const writer = this.#writers[partition];
    if (writer === undefined) throw new Error(`the log has no partition ${partition}`);
    if (this.#isClosed) return undefined; // all connections are gone: the hub's own last words, which nobody will read
    if (this.#batch === undefined) {
      this.#batch = new Batch();
      setImmediate(() => this.#flush());
    }
    add(writer);
    if (writer.length >= MAX_FRAME_BYTES) this.#write(partition);
    return this.#options.storage.isDurable ? this.#batch : undefined;
  }

  properties(partitionId: string): PartitionProperties | undefined {
    return this.#partition(partitionId)?.properties();
  }

  openReader(partitionId: string, start: StartPosition): EventReader | undefined {
    return this.#partition(partitionId)?.openReader(start);
  }

  onAppended(partitionId: string, listener: () => void): () => void {
    return this.#partition(partitionId)?.onAppended(listener) ?? (() => undefined);
  }

  sweep(): void {
    for (const partition of this.#partitions) partition.sweep(this.#options.now());
  }

  clear(): void {
    this.#flush();
    for (const partition of this.#partitions) partition.clear();
  }

  close(): void {
    this.#flush();
    this.#isClosed = true;
    for (const partition of this.#partitions) partition.close();
  }

  #partition(id: string): Partition | undefined {
    return this.#partitions.find((partition) => partition.id === id);
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    for (let index = 0; index < this.#writers.length; index += 1) this.#write(index);
    const fault = this.#fault;
    const touched = [...this.#touched];
    this.#batch = undefined;
    this.#fault = undefined;
    this.#touched.clear();
    if (fault !== undefined && !this.#isFailing) this.#options.onFault(fault);
    this.#isFailing = fault !== undefined;
    batch.settle(fault);
    for (const partition of touched) partition.tell();
  }

  /** A fault is told to the whole batch: whoever is not acknowledged sends again. */
  #write(index: number): void {
    const writer = this.#writers[index];
    const partition = this.#partitions[index];
    if (writer === undefined || partition === undefined || writer.count === 0) return;
    try {
      partition.append(writer, this.#options.now());
      this.#touched.add(partition);
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error));
    } finally {
      writer.reset();
    }
  }
}

class Batch implements AppendedBatch {
  readonly #listeners: ((error: Error | undefined) => void)[] = [];

  whenStored(listener: (error: Error | undefined) => void): void {
    this.#listeners.push(listener);
  }

  settle(error: Error | undefined): void {
    for (const listener of this.#listeners) listener(error);
  }
}
