import type { AppendedBatch, EventReader, PartitionProperties } from '../../model/event.ts';
import type { AppendLog } from './append-log.ts';

/** In the making: takes events and keeps none. */
export class PartitionedLog implements AppendLog {
  readonly partitionIds = ['0', '1', '2', '3'];
  readonly createdMs: number;

  constructor(createdMs: number) {
    this.createdMs = createdMs;
  }

  append(): AppendedBatch | undefined {
    return undefined;
  }
  properties(id: string): PartitionProperties | undefined {
    if (!this.partitionIds.includes(id)) return undefined;
    return { id, beginSequenceNumber: 0, lastSequenceNumber: -1, lastOffset: '-1', lastEnqueuedMs: 0, isEmpty: true };
  }
  openReader(id: string): EventReader | undefined {
    return this.partitionIds.includes(id) ? { read: () => [], close: () => undefined } : undefined;
  }
  onAppended(): () => void {
    return () => undefined;
  }
  sweep(): void {
    // nothing is kept
  }
  close(): void {
    // nothing is held
  }
}
