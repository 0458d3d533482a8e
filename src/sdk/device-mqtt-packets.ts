import mqttPacket, { type Packet } from 'mqtt-packet';

/** Every number's two bytes made in advance would be 6 MB. */
mqttPacket.writeToStream.cacheNumbers = false;

export function writePacket(packet: Packet): Buffer {
  return mqttPacket.generate(packet);
}

/** A packet behind the end of its fixed header; MQTT 3.1.1 §2.2.3. */
const LONGEST_LENGTH_FIELD = 4;

/** Cuts a byte stream into packets. Between packets it holds nothing, so that an idle connection costs nothing. */
export class PacketReader {
  #rest: Buffer | undefined;

  /** @throws Error when the bytes are no MQTT */
  read(chunk: Buffer): Packet[] {
    let bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    const packets: Packet[] = [];
    for (
      let length = packetLength(bytes);
      length !== undefined && length <= bytes.length;
      length = packetLength(bytes)
    ) {
      packets.push(parsePacket(bytes.subarray(0, length)));
      bytes = bytes.subarray(length);
    }
    this.#rest = bytes.length === 0 ? undefined : bytes;
    return packets;
  }
}

/** Of the whole packet; undefined while its length is not all there. */
function packetLength(bytes: Buffer): number | undefined {
  let length = 0;
  for (let at = 1; at <= LONGEST_LENGTH_FIELD; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << (7 * (at - 1));
    if (byte < 0x80) return length + at + 1;
  }
  throw new Error('a packet without a length');
}

/** One for all connections: it is given whole packets only, and so remembers nothing. */
let parser = newParser();
const parsed: Packet[] = [];

function newParser(): mqttPacket.Parser {
  const made = mqttPacket.parser({ protocolVersion: 4 });
  made.on('packet', (packet) => parsed.push(packet));
  made.on('error', () => (parser = newParser()));
  return made;
}

function parsePacket(bytes: Buffer): Packet {
  parsed.length = 0;
  parser.parse(bytes);
  const [packet] = parsed;
  if (packet === undefined) throw new Error('a packet that is no MQTT');
  return packet;
}
