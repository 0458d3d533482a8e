import type { AppendedBatch } from '../../model/event.ts';
import type { PacketLink } from './device-session.ts';

const PUBACK = 0x40;
const PUBACK_BYTES = 4;

/**
 * The PUBACKs of one connection, in the order of its publishes [MQTT-4.6.0-2]: those of telemetry go out together once its
 * batch is stored, and what is acknowledged meanwhile waits behind them.
 */
export class Acknowledgements {
  readonly #link: PacketLink;
  readonly #waiting: number[] = [];
  #batch: AppendedBatch | undefined;

  constructor(link: PacketLink) {
    this.#link = link;
  }

  /** @param batch what to wait for; undefined = only for those before */
  add(packetId: number, batch: AppendedBatch | undefined): void {
    this.#waiting.push(packetId);
    if (batch !== undefined && batch !== this.#batch) {
      this.#batch = batch;
      batch.whenStored((error) => this.#settle(error));
    }
    if (this.#batch === undefined) this.#send();
  }

  /** The log has one batch open at a time, so all that waits waited for this one. */
  #settle(error: Error | undefined): void {
    this.#batch = undefined;
    if (error === undefined) this.#send();
    else this.#link.close(); // not stored: the device sends it again
  }

  #send(): void {
    const bytes = Buffer.allocUnsafe(this.#waiting.length * PUBACK_BYTES);
    let position = 0;
    for (const packetId of this.#waiting) {
      bytes.writeUInt16BE((PUBACK << 8) | 2, position);
      bytes.writeUInt16BE(packetId, position + 2);
      position += PUBACK_BYTES;
    }
    this.#waiting.length = 0;
    this.#link.sendBytes(bytes);
  }
}
