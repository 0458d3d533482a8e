import type { SegmentBytes, SegmentStart, SegmentStorage } from './segment-storage.ts';

/** Keeps segments in memory: for tests and hubs that keep nothing. */
export class MemorySegments implements SegmentStorage {
  readonly isDurable = false;
  readonly createdMs: number;

  constructor(createdMs: number) {
    this.createdMs = createdMs;
  }

  list(): SegmentBytes[] {
    return [];
  }

  create(_partitionId: string, start: SegmentStart): SegmentBytes {
    return new MemorySegment(start);
  }
}

const INITIAL_BYTES = 16 * 1024;

class MemorySegment implements SegmentBytes {
  readonly start: SegmentStart;
  size = 0;
  #buffer = Buffer.alloc(0);

  constructor(start: SegmentStart) {
    this.start = start;
  }

  append(bytes: Buffer): void {
    const needed = this.size + bytes.length;
    if (needed > this.#buffer.length) {
      // A new one: readers hold views of the old one.
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2, INITIAL_BYTES));
      this.#buffer.copy(larger, 0, 0, this.size);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.size);
    this.size = needed;
  }

  read(position: number, length: number): Buffer {
    return this.#buffer.subarray(position, Math.min(position + length, this.size));
  }

  truncate(size: number): void {
    this.size = Math.min(size, this.size);
  }

  seal(): void {
    const exact = Buffer.allocUnsafeSlow(this.size);
    this.#buffer.copy(exact, 0, 0, this.size);
    this.#buffer = exact;
  }

  delete(): void {
    this.#buffer = Buffer.alloc(0);
    this.size = 0;
  }
}
