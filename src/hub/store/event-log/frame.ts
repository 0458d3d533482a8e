import { crc32 } from 'node:zlib';
import type { DeviceMessage } from '../../model/device-message.ts';
import type { LoggedEvent } from '../../model/event.ts';

/*
 * Events of one partition and one moment make a frame, written with one call:
 *
 *   0 magic u32 · 4 length of all u32 · 8 crc32 of what follows u32 · 12 count u32 · 16 first sequence number f64 · 24 time f64
 *   32 records: length of header u32 · length of body u32 · header: JSON [annotations, system properties, properties] · body
 *
 * A frame that was torn by the end of the process fails its length or its checksum, and with it goes all that follows.
 */
const MAGIC = 0x54455631; // TEV1
export const FRAME_HEADER_BYTES = 32;
const RECORD_HEADER_BYTES = 8;
const INITIAL_BYTES = 64 * 1024;
/** A buffer that a burst has made larger than this is not kept. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** Collects events into a frame. Reused, so that an event costs a copy and no allocation. */
export class FrameWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = FRAME_HEADER_BYTES;
  #lastRecord = 0;
  count = 0;

  /** Bytes collected, the frame's header included. */
  get length(): number {
    return this.#length;
  }

  /** Where the last record begins in the frame. */
  get lastRecord(): number {
    return this.#lastRecord;
  }

  add(stamps: string, message: DeviceMessage): void {
    const { body } = message;
    const header = recordHeader(stamps, message);
    this.#reserve(RECORD_HEADER_BYTES + header.length * 3 + body.length);
    const headerBytes = this.#buffer.write(header, this.#length + RECORD_HEADER_BYTES, 'utf8');
    this.#finishRecord(headerBytes, body);
  }

  /** @param header made by {@link encodeHeader} */
  addEncoded(header: Buffer, body: Buffer): void {
    this.#reserve(RECORD_HEADER_BYTES + header.length + body.length);
    header.copy(this.#buffer, this.#length + RECORD_HEADER_BYTES);
    this.#finishRecord(header.length, body);
  }

  #finishRecord(headerBytes: number, body: Buffer): void {
    const start = this.#length;
    this.#buffer.writeUInt32LE(headerBytes, start);
    this.#buffer.writeUInt32LE(body.length, start + 4);
    body.copy(this.#buffer, start + RECORD_HEADER_BYTES + headerBytes);
    this.#lastRecord = start;
    this.#length = start + RECORD_HEADER_BYTES + headerBytes + body.length;
    this.count += 1;
  }

  /** The finished frame; valid until {@link reset}. */
  seal(firstSequenceNumber: number, enqueuedMs: number): Buffer {
    const frame = this.#buffer.subarray(0, this.#length);
    frame.writeUInt32LE(MAGIC, 0);
    frame.writeUInt32LE(frame.length, 4);
    frame.writeUInt32LE(this.count, 12);
    frame.writeDoubleLE(firstSequenceNumber, 16);
    frame.writeDoubleLE(enqueuedMs, 24);
    frame.writeUInt32LE(crc32(frame.subarray(12)), 8);
    return frame;
  }

  reset(): void {
    if (this.#buffer.length > MAX_KEPT_BYTES) this.#buffer = Buffer.allocUnsafe(INITIAL_BYTES);
    this.#length = FRAME_HEADER_BYTES;
    this.count = 0;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** The header of a record, for events that have it in common. */
export function encodeHeader(stamps: string, message: Omit<DeviceMessage, 'body'>): Buffer {
  return Buffer.from(recordHeader(stamps, message));
}

function recordHeader(stamps: string, { systemProperties, properties }: Omit<DeviceMessage, 'body'>): string {
  return `[${stamps},${JSON.stringify(systemProperties)},${JSON.stringify(properties)}]`;
}

/** What the header of a frame says. */
export interface FrameHeader {
  readonly length: number;
  readonly count: number;
  readonly firstSequenceNumber: number;
  readonly enqueuedMs: number;
}

/** Undefined when there is no frame at this position. */
export function readFrameHeader(bytes: Buffer, position: number): FrameHeader | undefined {
  if (position + FRAME_HEADER_BYTES > bytes.length || bytes.readUInt32LE(position) !== MAGIC) return undefined;
  const length = bytes.readUInt32LE(position + 4);
  if (length < FRAME_HEADER_BYTES) return undefined;
  return {
    length,
    count: bytes.readUInt32LE(position + 12),
    firstSequenceNumber: bytes.readDoubleLE(position + 16),
    enqueuedMs: bytes.readDoubleLE(position + 24),
  };
}

/** Whether a frame is whole and as it was written. */
export function isIntact(bytes: Buffer, position: number, { length }: FrameHeader): boolean {
  if (position + length > bytes.length) return false;
  return crc32(bytes.subarray(position + 12, position + length)) === bytes.readUInt32LE(position + 8);
}

/** Where the record behind the one at `position` begins. */
export function skipRecord(frame: Buffer, position: number): number {
  return position + RECORD_HEADER_BYTES + frame.readUInt32LE(position) + frame.readUInt32LE(position + 4);
}

/** Reads the record at a position of a frame; its body stays a view of the frame. */
export function readRecord(
  frame: Buffer,
  position: number,
): Pick<LoggedEvent, 'annotations' | 'systemProperties' | 'properties' | 'body'> {
  const headerStart = position + RECORD_HEADER_BYTES;
  const bodyStart = headerStart + frame.readUInt32LE(position);
  // Written by `FrameWriter.add` and checked by its checksum: the shape is known.
  const [annotations, systemProperties, properties] = JSON.parse(frame.toString('utf8', headerStart, bodyStart)) as [
    Record<string, string>,
    Record<string, string>,
    Record<string, string | null>,
  ];
  return { annotations, systemProperties, properties, body: frame.subarray(bodyStart, skipRecord(frame, position)) };
}
