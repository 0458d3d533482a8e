/** One packet in a buffer: `bytes[start]` is the first byte of its fixed header, `body` where what the header measures begins. */
export interface PacketFrame {
  readonly bytes: Buffer;
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/** The stream is no MQTT, or a packet is longer than any that is taken here. */
export class FramingError extends Error {
  override readonly name = 'FramingError';
}

const MAX_LENGTH_BYTES = 4;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a byte stream into MQTT packets. [MQTT-2.2.3]
 *
 * What has been handed out is never written over, so a packet's bytes may be kept. A packet that comes in many pieces costs
 * memory for what has come, twice at most, whatever length its header announces.
 */
export class PacketFramer {
  readonly #maxPacketBytes: number;
  #bytes: Buffer = NOTHING;
  #position = 0;
  #end = 0;
  /** Whether there may be room behind `#end`: the buffer is our own. */
  #isOwn = false;

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#end - this.#position;
  }

  push(chunk: Buffer): void {
    if (this.#position === this.#end) {
      this.#bytes = chunk;
      this.#position = 0;
      this.#end = chunk.length;
      this.#isOwn = false;
    } else this.#append(chunk);
  }

  /**
   * The next whole packet; undefined while there is none.
   *
   * @throws FramingError for a length of more than four bytes, or of more than is allowed
   */
  next(): PacketFrame | undefined {
    const bytes = this.#bytes;
    const start = this.#position;
    let length = 0;
    for (let i = 1; i <= MAX_LENGTH_BYTES; i += 1) {
      if (start + i >= this.#end) return undefined;
      const byte = bytes[start + i] ?? 0;
      length += (byte & 0x7f) * 2 ** (7 * (i - 1));
      if (byte < 0x80) return this.#whole({ bytes, start, body: start + i + 1, end: start + i + 1 + length });
    }
    throw new FramingError('a packet length takes four bytes at most');
  }

  #whole(frame: PacketFrame): PacketFrame | undefined {
    // Refused before its body has come.
    if (frame.end - frame.start > this.#maxPacketBytes) throw new FramingError('a packet is too long');
    if (frame.end > this.#end) return undefined;
    this.#position = frame.end;
    if (this.#position === this.#end) this.#bytes = NOTHING; // nothing is held for a client that is silent
    if (this.#position === this.#end) this.#position = this.#end = 0;
    return frame;
  }

  #append(chunk: Buffer): void {
    const needed = this.length + chunk.length;
    if (!this.#isOwn || this.#bytes.length - this.#end < chunk.length) {
      const larger = Buffer.allocUnsafeSlow(needed + this.length);
      this.#bytes.copy(larger, 0, this.#position, this.#end);
      this.#end = this.length;
      this.#position = 0;
      this.#bytes = larger;
      this.#isOwn = true;
    }
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }
}
