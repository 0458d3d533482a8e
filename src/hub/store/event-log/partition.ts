import type { EventReader, PartitionProperties, StartPosition } from '../../model/event.ts';
import { FRAME_HEADER_BYTES, skipRecord, type FrameWriter } from './frame.ts';
import { PartitionReader } from './partition-reader.ts';
import type { SegmentStorage } from './segment-storage.ts';
import { Segment, type FramePlace } from './segment.ts';

export interface Retention {
  readonly maxAgeMs: number;
  /** Of one partition. */
  readonly maxBytes: number;
}

/** A partition is dropped in this many steps as it grows. */
const SEGMENTS_AT_LIMIT = 16;
const MIN_SEGMENT_BYTES = 64 * 1024;
const MAX_SEGMENT_BYTES = 4 * 1024 * 1024;

/** One partition: events in order, the oldest dropped a segment at a time. */
export class Partition {
  readonly id: string;
  readonly #storage: SegmentStorage;
  readonly #retention: Retention;
  readonly #segmentBytes: number;
  readonly #listeners = new Set<() => void>();
  #segments: Segment[];
  #nextSequenceNumber = 0;
  #lastOffset = -1;
  #lastMs = 0;

  constructor(id: string, storage: SegmentStorage, retention: Retention) {
    this.id = id;
    this.#storage = storage;
    this.#retention = retention;
    const bytes = Math.floor(retention.maxBytes / SEGMENTS_AT_LIMIT);
    this.#segmentBytes = Math.min(Math.max(bytes, MIN_SEGMENT_BYTES), MAX_SEGMENT_BYTES);
    this.#segments = storage.list(id).map((segment) => new Segment(segment, false));
    this.#recover();
  }

  get nextSequenceNumber(): number {
    return this.#nextSequenceNumber;
  }

  properties(): PartitionProperties {
    const begin = this.#segments.find(({ bytes }) => bytes.size > 0)?.firstSequenceNumber ?? this.#nextSequenceNumber;
    return {
      id: this.id,
      beginSequenceNumber: begin,
      lastSequenceNumber: this.#nextSequenceNumber - 1,
      lastOffset: String(this.#lastOffset),
      lastEnqueuedMs: this.#lastMs,
      isEmpty: begin === this.#nextSequenceNumber,
    };
  }

  /** Writes the collected events. Time never goes back in a partition, whatever the clock does. */
  append(frame: FrameWriter, nowMs: number): void {
    const enqueuedMs = Math.max(nowMs, this.#lastMs);
    const segment = this.#writable(enqueuedMs);
    const offset = segment.baseOffset + segment.bytes.size;
    segment.append(frame.seal(this.#nextSequenceNumber, enqueuedMs));
    this.#nextSequenceNumber += frame.count;
    this.#lastOffset = offset + frame.lastRecord;
    this.#lastMs = enqueuedMs;
    if (offset === segment.baseOffset) this.sweep(nowMs); // a segment begins: time to let the oldest go
  }

  onAppended(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  openReader(start: StartPosition): EventReader {
    return new PartitionReader(this, this.#firstAt(start));
  }

  /** The segment with an event, or the first one behind it; undefined behind the last event. */
  segmentOf(sequenceNumber: number): Segment | undefined {
    if (sequenceNumber >= this.#nextSequenceNumber) return undefined;
    let found: Segment | undefined;
    for (const segment of this.#segments) {
      if (segment.bytes.size === 0) continue;
      if (found !== undefined && segment.firstSequenceNumber > sequenceNumber) break;
      found = segment;
    }
    return found;
  }

  /** Drops segments that are too old, or too much; of the newest one only what is too old. */
  sweep(nowMs: number): void {
    const oldestMs = nowMs - this.#retention.maxAgeMs;
    const newest = this.#segments.at(-1);
    if (newest !== undefined && newest.bytes.size > 0 && this.#lastMs < oldestMs) this.#addSegment();
    let bytes = 0;
    for (const segment of this.#segments) bytes += segment.bytes.size;
    this.#dropWhile((first, second) => {
      const endedMs = first.lastMs ?? second.firstMs ?? this.#lastMs;
      if (bytes <= this.#retention.maxBytes && endedMs >= oldestMs) return false;
      bytes -= first.bytes.size;
      return true;
    });
  }

  /** Drops everything; an empty segment keeps the count. */
  clear(): void {
    const newest = this.#segments.at(-1);
    if (newest !== undefined && newest.bytes.size > 0) this.#addSegment();
    this.#dropWhile(() => true);
  }

  /** Drops the oldest segments, the newest one never. */
  #dropWhile(isToGo: (first: Segment, second: Segment) => boolean): void {
    for (;;) {
      const [first, second] = this.#segments;
      if (first === undefined || second === undefined || !isToGo(first, second)) return;
      this.#segments.shift();
      first.bytes.delete();
    }
  }

  close(): void {
    for (const segment of this.#segments) segment.bytes.seal();
  }

  #writable(nowMs: number): Segment {
    const newest = this.#segments.at(-1);
    const isFull = newest === undefined || newest.bytes.size >= this.#segmentBytes || this.#isOld(newest, nowMs);
    return isFull ? this.#addSegment() : newest;
  }

  /** So that a quiet partition forgets its old events in steps too. */
  #isOld(segment: Segment, nowMs: number): boolean {
    return nowMs - (segment.firstMs ?? nowMs) > this.#retention.maxAgeMs / SEGMENTS_AT_LIMIT;
  }

  #addSegment(): Segment {
    const last = this.#segments.at(-1);
    const baseOffset = last === undefined ? 0 : last.baseOffset + last.bytes.size;
    const start = { baseOffset, firstSequenceNumber: this.#nextSequenceNumber };
    const segment = new Segment(this.#storage.create(this.id, start), true);
    last?.bytes.seal();
    this.#segments.push(segment);
    return segment;
  }

  /** Finds the end of what was written before, and cuts a torn last frame off. */
  #recover(): void {
    const newest = this.#segments.at(-1);
    if (newest === undefined) return;
    this.#nextSequenceNumber = newest.firstSequenceNumber;
    const last = newest.recover();
    const before = this.#segments.at(-2);
    if (last !== undefined) this.#endsWith(newest, last);
    else if (before !== undefined) {
      const end = before.recover();
      if (end !== undefined) this.#endsWith(before, end);
    }
  }

  #endsWith(segment: Segment, { position, header }: FramePlace): void {
    this.#nextSequenceNumber = Math.max(this.#nextSequenceNumber, header.firstSequenceNumber + header.count);
    this.#lastMs = header.enqueuedMs;
    const frame = segment.bytes.read(position, header.length);
    let record = FRAME_HEADER_BYTES;
    for (let index = 1; index < header.count; index += 1) record = skipRecord(frame, record);
    this.#lastOffset = segment.baseOffset + position + record;
  }

  #firstAt(start: StartPosition): number {
    switch (start.kind) {
      case 'earliest':
        return 0;
      case 'latest':
        return this.#nextSequenceNumber;
      case 'sequenceNumber':
        return start.inclusive ? start.sequenceNumber : start.sequenceNumber + 1;
      case 'offset':
        return this.#firstAtOffset(start.inclusive ? start.offset : start.offset + 1);
      case 'enqueuedTime':
        return this.#firstAtTime(start.inclusive ? start.enqueuedMs : start.enqueuedMs + 1);
    }
  }

  /** The first event that begins at an offset or behind it. */
  #firstAtOffset(offset: number): number {
    for (const segment of this.#segments) {
      if (segment.baseOffset + segment.bytes.size <= offset) continue;
      const within = offset - segment.baseOffset;
      const place = segment.find(({ position, header }) => position + header.length > within);
      if (place === undefined) continue;
      const frame = segment.bytes.read(place.position, place.header.length);
      let record = FRAME_HEADER_BYTES;
      for (let index = 0; index < place.header.count; index += 1) {
        if (place.position + record >= within) return place.header.firstSequenceNumber + index;
        record = skipRecord(frame, record);
      }
      return place.header.firstSequenceNumber + place.header.count;
    }
    return this.#nextSequenceNumber;
  }

  #firstAtTime(ms: number): number {
    const later = this.#segments.findIndex(({ firstMs }) => firstMs !== undefined && firstMs >= ms);
    const candidates = later < 0 ? this.#segments : this.#segments.slice(0, later + 1);
    for (const segment of candidates.slice(-2)) {
      const place = segment.find(({ header }) => header.enqueuedMs >= ms);
      if (place !== undefined) return place.header.firstSequenceNumber;
    }
    return this.#nextSequenceNumber;
  }
}
