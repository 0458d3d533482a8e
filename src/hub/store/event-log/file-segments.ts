import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs';
import { statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { SegmentBytes, SegmentStart, SegmentStorage } from './segment-storage.ts';

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const NAME = /^(\d{16})-(\d{16})\.log$/;

/**
 * Keeps each segment in a file: `<directory>/<partition>/<base offset>-<first sequence number>.log`.
 *
 * An append is one `write` to the operating system: it survives the death of the process, not a power cut.
 * See docs/decisions/0011-telemetry-in-segment-files.md.
 */
export class FileSegments implements SegmentStorage {
  readonly isDurable = true;
  readonly createdMs: number;
  readonly #directory: string;

  /** @param directory made if it is not there */
  constructor(directory: string, nowMs: number) {
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    this.#directory = directory;
    this.createdMs = createdMsOf(join(directory, 'created'), nowMs);
  }

  list(partitionId: string): SegmentBytes[] {
    const directory = this.#partition(partitionId);
    return readdirSync(directory)
      .sort()
      .flatMap((name) => {
        const [, baseOffset, firstSequenceNumber] = NAME.exec(name) ?? [];
        if (baseOffset === undefined || firstSequenceNumber === undefined) return [];
        const start = { baseOffset: Number(baseOffset), firstSequenceNumber: Number(firstSequenceNumber) };
        return [new FileSegment(join(directory, name), start)];
      });
  }

  create(partitionId: string, start: SegmentStart): SegmentBytes {
    const digits = (value: number): string => String(value).padStart(16, '0');
    const name = `${digits(start.baseOffset)}-${digits(start.firstSequenceNumber)}.log`;
    const segment = new FileSegment(join(this.#partition(partitionId), name), start);
    segment.append(Buffer.alloc(0)); // its name keeps the count, also when all events are too old
    return segment;
  }

  #partition(partitionId: string): string {
    const directory = join(this.#directory, partitionId);
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    return directory;
  }
}

class FileSegment implements SegmentBytes {
  readonly start: SegmentStart;
  readonly #path: string;
  #size: number | undefined;
  /** Open while it is appended to. */
  #file: number | undefined;

  constructor(path: string, start: SegmentStart) {
    this.#path = path;
    this.start = start;
  }

  get size(): number {
    return (this.#size ??= statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0);
  }

  append(bytes: Buffer): void {
    const size = this.size;
    this.#file ??= openSync(this.#path, 'a+', FILE_MODE);
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(this.#file, bytes, written);
    } catch (error) {
      cutOff(this.#file, size);
      throw error;
    }
    this.#size = size + bytes.length;
  }

  read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - position)));
    const file = this.#file ?? openSync(this.#path, 'r');
    try {
      const read = readSync(file, bytes, 0, bytes.length, position);
      return bytes.subarray(0, read);
    } finally {
      if (file !== this.#file) closeSync(file);
    }
  }

  truncate(size: number): void {
    this.#file ??= openSync(this.#path, 'a+', FILE_MODE);
    ftruncateSync(this.#file, size);
    this.#size = size;
  }

  seal(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  delete(): void {
    this.seal();
    rmSync(this.#path, { force: true });
  }
}

/** Half a frame would hide all that come behind it. Where even this fails, what made the write fail is the news. */
function cutOff(file: number, size: number): void {
  try {
    ftruncateSync(file, size);
  } catch {
    // the next start finds the torn frame
  }
}

function createdMsOf(path: string, nowMs: number): number {
  const known = statSync(path, { throwIfNoEntry: false }) === undefined ? NaN : Number(readFileSync(path, 'utf8'));
  if (known > 0) return known;
  writeFileSync(path, String(nowMs), { mode: FILE_MODE });
  return nowMs;
}
