import { FRAME_HEADER_BYTES, isIntact, readFrameHeader, type FrameHeader } from './frame.ts';
import type { SegmentBytes } from './segment-storage.ts';

/** A frame and where it begins in its segment. */
export interface FramePlace {
  readonly position: number;
  readonly header: FrameHeader;
}

/** So far apart are the places that a segment remembers. */
const INDEX_BYTES = 64 * 1024;
/** Headers are looked for in pieces of this size. */
const SCAN_BYTES = 1024 * 1024;

/** A run of frames, found by sequence number, offset or time through a sparse index. */
export class Segment {
  readonly bytes: SegmentBytes;
  #firstMs: number | undefined;
  #lastMs: number | undefined;
  #index: FramePlace[] | undefined;

  /** @param isNew an empty one, whose index grows with it; the index of another one is made when it is first asked for */
  constructor(bytes: SegmentBytes, isNew: boolean) {
    this.bytes = bytes;
    if (isNew) this.#index = [];
  }

  get baseOffset(): number {
    return this.bytes.start.baseOffset;
  }

  get firstSequenceNumber(): number {
    return this.bytes.start.firstSequenceNumber;
  }

  /** When its first event came; undefined when it has none. */
  get firstMs(): number | undefined {
    this.#firstMs ??= readFrameHeader(this.bytes.read(0, FRAME_HEADER_BYTES), 0)?.enqueuedMs;
    return this.#firstMs;
  }

  /** When its last event came; undefined for a segment that was written before this start of the hub. */
  get lastMs(): number | undefined {
    return this.#lastMs;
  }

  append(frame: Buffer): void {
    const position = this.bytes.size;
    this.bytes.append(frame);
    const header = readFrameHeader(frame, 0);
    if (header === undefined) throw new Error('a frame without a header was appended');
    this.#firstMs ??= header.enqueuedMs;
    this.#lastMs = header.enqueuedMs;
    if (this.#index !== undefined) addToIndex(this.#index, { position, header });
  }

  /**
   * The first frame for which `isBehind` holds; it must hold for all that follow one for which it holds.
   */
  find(isBehind: (place: FramePlace) => boolean): FramePlace | undefined {
    const index = this.#readIndex();
    let from = 0;
    for (const place of index) {
      if (isBehind(place)) break;
      from = place.position;
    }
    for (const place of this.#frames(from)) if (isBehind(place)) return place;
    return undefined;
  }

  /** Cuts a torn end off. Returns the last frame, undefined when there is none. */
  recover(): FramePlace | undefined {
    let last: FramePlace | undefined;
    const bytes = this.bytes.read(0, this.bytes.size);
    const index: FramePlace[] = [];
    let position = 0;
    for (;;) {
      const header = readFrameHeader(bytes, position);
      if (header === undefined || !isIntact(bytes, position, header)) break;
      last = { position, header };
      addToIndex(index, last);
      position += header.length;
    }
    if (position < this.bytes.size) this.bytes.truncate(position);
    this.#index = index;
    return last;
  }

  #readIndex(): FramePlace[] {
    if (this.#index !== undefined) return this.#index;
    const index: FramePlace[] = [];
    for (const place of this.#frames(0)) addToIndex(index, place);
    return (this.#index = index);
  }

  *#frames(from: number): Generator<FramePlace> {
    let position = from;
    let start = from;
    let chunk: Buffer = Buffer.alloc(0);
    while (position < this.bytes.size) {
      if (position - start + FRAME_HEADER_BYTES > chunk.length) {
        start = position;
        chunk = this.bytes.read(start, SCAN_BYTES);
      }
      const header = readFrameHeader(chunk, position - start);
      if (header === undefined) return;
      yield { position, header };
      position += header.length;
    }
  }
}

function addToIndex(index: FramePlace[], place: FramePlace): void {
  const last = index.at(-1);
  if (last === undefined || place.position - last.position >= INDEX_BYTES) index.push(place);
}
