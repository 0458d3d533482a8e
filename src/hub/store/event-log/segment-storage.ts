/** Where a segment begins: in bytes and in events of its partition. */
export interface SegmentStart {
  readonly baseOffset: number;
  readonly firstSequenceNumber: number;
}

/** The bytes of one segment: grows at its end, is dropped as a whole. */
export interface SegmentBytes {
  readonly start: SegmentStart;
  readonly size: number;
  /** All of it or, when it throws, nothing. */
  append(bytes: Buffer): void;
  /** Up to `length` bytes from a position; fewer at the end. Never changed afterwards. */
  read(position: number, length: number): Buffer;
  truncate(size: number): void;
  /** Nothing will be appended any more. */
  seal(): void;
  delete(): void;
}

/** Where the segments of a log are kept. */
export interface SegmentStorage {
  /** Whether what was appended outlives the process. */
  readonly isDurable: boolean;
  /** When the log was first opened. */
  readonly createdMs: number;
  /** The segments of a partition, oldest first. */
  list(partitionId: string): SegmentBytes[];
  create(partitionId: string, start: SegmentStart): SegmentBytes;
}
