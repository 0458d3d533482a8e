import type { IPublishPacket } from 'mqtt-packet';
import { FramingError, type PacketFrame } from './packet-framer.ts';

const PUBLISH = 3;

/**
 * Reads a PUBLISH; undefined for any other packet. Most of what devices send is one, and the codec takes ten times as long.
 *
 * @throws FramingError for a malformed one
 * @see MQTT 3.1.1, 3.3
 */
export function readPublish({ bytes, start, body, end }: PacketFrame): IPublishPacket | undefined {
  const header = bytes[start] ?? 0;
  if (header >> 4 !== PUBLISH) return undefined;
  const qos = (header >> 1) & 3;
  if (qos === 3 || end - body < 2) throw new FramingError('a PUBLISH is malformed'); // [MQTT-3.3.1-4]
  const topicEnd = body + 2 + bytes.readUInt16BE(body);
  const payloadStart = qos === 0 ? topicEnd : topicEnd + 2;
  if (payloadStart > end) throw new FramingError('a PUBLISH is shorter than its topic');
  return {
    cmd: 'publish',
    qos: qos === 0 ? 0 : qos === 1 ? 1 : 2,
    dup: (header & 8) !== 0,
    retain: (header & 1) !== 0,
    topic: bytes.toString('utf8', body + 2, topicEnd),
    ...(qos === 0 ? {} : { messageId: bytes.readUInt16BE(topicEnd) }),
    payload: bytes.subarray(payloadStart, end),
  };
}
