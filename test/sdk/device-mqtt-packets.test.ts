import type { Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { PacketReader, writePacket } from '../../src/sdk/device-mqtt-packets.ts';

const PACKETS = [
  { cmd: 'connack', returnCode: 0, sessionPresent: true },
  { cmd: 'publish', topic: 't', payload: Buffer.alloc(300, 7), qos: 1, dup: false, retain: false, messageId: 9 },
  { cmd: 'pingresp' },
] as const satisfies readonly Packet[];
const BYTES = Buffer.concat(PACKETS.map((packet) => writePacket(packet)));

describe('packets of a byte stream', () => {
  test.each([1, 2, 3, 7, 128, BYTES.length])('are whole again when %d bytes come at a time', (size) => {
    const reader = new PacketReader();
    const read: Packet[] = [];
    for (let at = 0; at < BYTES.length; at += size) read.push(...reader.read(BYTES.subarray(at, at + size)));
    expect(read).toMatchObject([{ cmd: 'connack', returnCode: 0 }, { topic: 't', messageId: 9 }, { cmd: 'pingresp' }]);
    expect(read[1]).toMatchObject({ payload: Buffer.alloc(300, 7) });
  });

  test.each([
    ['a length without an end', [0x30, 0xff, 0xff, 0xff, 0xff]],
    ['a packet type that there is not', [0x00, 0x00]],
  ])('%s is refused, and the next connection reads on', (_, bytes) => {
    expect(() => new PacketReader().read(Buffer.from(bytes))).toThrow();
    expect(new PacketReader().read(BYTES)).toHaveLength(3);
  });
});
