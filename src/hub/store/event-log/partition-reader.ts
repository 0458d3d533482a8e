import type { EventReader, LoggedEvent } from '../../model/event.ts';
import { FRAME_HEADER_BYTES, readFrameHeader, readRecord, skipRecord, type FrameHeader } from './frame.ts';
import type { Partition } from './partition.ts';
import type { Segment } from './segment.ts';

/** How much is read ahead: what a reader costs in memory. */
const CHUNK_BYTES = 64 * 1024;

/** A frame in memory and how far it has been read. */
interface OpenFrame {
  readonly segment: Segment;
  readonly position: number;
  readonly header: FrameHeader;
  readonly bytes: Buffer;
  /** The next record: which one, and where it begins. */
  index: number;
  record: number;
}

/** Reads a partition from a sequence number on. What retention drops before it is read is passed over. */
export class PartitionReader implements EventReader {
  readonly #partition: Partition;
  #next: number;
  #frame: OpenFrame | undefined;
  #chunk: { readonly segment: Segment; readonly position: number; readonly bytes: Buffer } | undefined;

  constructor(partition: Partition, firstSequenceNumber: number) {
    this.#partition = partition;
    this.#next = firstSequenceNumber;
  }

  read(maxEvents: number): LoggedEvent[] {
    const events: LoggedEvent[] = [];
    while (events.length < maxEvents) {
      const event = this.#readOne();
      if (event === undefined) break;
      events.push(event);
    }
    return events;
  }

  close(): void {
    this.#frame = undefined;
    this.#chunk = undefined;
  }

  #readOne(): LoggedEvent | undefined {
    const frame = this.#frameOfNext();
    if (frame === undefined) {
      this.close(); // nothing is held while nothing comes
      return undefined;
    }
    const { segment, header, bytes, position, record } = frame;
    const event: LoggedEvent = {
      sequenceNumber: header.firstSequenceNumber + frame.index,
      offset: String(segment.baseOffset + position + record),
      enqueuedMs: header.enqueuedMs,
      ...readRecord(bytes, record),
    };
    advance(frame);
    this.#next = event.sequenceNumber + 1;
    return event;
  }

  /** The frame with the next event, at its record. */
  #frameOfNext(): OpenFrame | undefined {
    let frame = this.#frame;
    if (frame === undefined || frame.index >= frame.header.count) frame = this.#openNext(frame);
    if (frame === undefined) return undefined;
    while (frame.header.firstSequenceNumber + frame.index < this.#next) advance(frame);
    return (this.#frame = frame);
  }

  #openNext(done: OpenFrame | undefined): OpenFrame | undefined {
    const segment = this.#partition.segmentOf(this.#next);
    if (segment === undefined) return undefined;
    if (done?.segment === segment) return this.#open(segment, done.position + done.header.length);
    this.#next = Math.max(this.#next, segment.firstSequenceNumber);
    const place = segment.find(({ header }) => header.firstSequenceNumber + header.count > this.#next);
    return place === undefined ? undefined : this.#open(segment, place.position);
  }

  #open(segment: Segment, position: number): OpenFrame | undefined {
    const header = readFrameHeader(this.#bytes(segment, position, FRAME_HEADER_BYTES), 0);
    if (header === undefined) return undefined;
    const bytes = this.#bytes(segment, position, header.length);
    return { segment, position, header, bytes, index: 0, record: FRAME_HEADER_BYTES };
  }

  #bytes(segment: Segment, position: number, length: number): Buffer {
    let chunk = this.#chunk;
    if (
      chunk?.segment !== segment ||
      position < chunk.position ||
      position + length > chunk.position + chunk.bytes.length
    ) {
      const bytes = segment.bytes.read(position, Math.max(length, CHUNK_BYTES));
      this.#chunk = chunk = { segment, position, bytes };
    }
    return chunk.bytes.subarray(position - chunk.position, position - chunk.position + length);
  }
}

function advance(frame: OpenFrame): void {
  frame.record = skipRecord(frame.bytes, frame.record);
  frame.index += 1;
}
