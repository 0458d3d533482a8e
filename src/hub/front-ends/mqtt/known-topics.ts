import type { PreparedTelemetry } from '../../operations/telemetry.ts';
import type { DeviceSession } from './device-session.ts';
import type { PacketFrame } from './packet-framer.ts';
import { parsePropertyBag } from './property-bag.ts';

const PUBLISH_QOS_0 = 0x30;
const PUBLISH_QOS_1 = 0x32;
const MAX_TOPICS = 16;
/** So that a device with ever new topics costs no more than its few last ones. */
const MAX_TOPIC_BYTES = 1024;

interface KnownTopic {
  readonly bytes: Buffer;
  readonly prepared: PreparedTelemetry;
}

/**
 * Telemetry by the short way. A device sends thousands of messages to the same few topics: each topic is decoded, split into
 * its properties and encoded for the log once, and a message to a known one costs no more than finding that out.
 *
 * Whatever is not quite what it expects it leaves to the codec and to packets/publish.ts, which say what the rules are.
 */
export class KnownTopics {
  readonly #session: DeviceSession;
  readonly #topics = new Map<string, KnownTopic>();
  #last: KnownTopic | undefined;

  constructor(session: DeviceSession) {
    this.#session = session;
  }

  /**
   * Takes a packet if it is a plain telemetry message.
   *
   * @returns false when it is not, or is one that has to be refused
   */
  take({ bytes, start, body, end }: PacketFrame): boolean {
    const header = bytes[start];
    if (header !== PUBLISH_QOS_1 && header !== PUBLISH_QOS_0) return false;
    if (end - body < 2) return false;
    if (this.#session.hub.throttles.limits !== undefined) return false; // may have to wait
    const topicStart = body + 2;
    const topicEnd = topicStart + bytes.readUInt16BE(body);
    const payloadStart = header === PUBLISH_QOS_1 ? topicEnd + 2 : topicEnd;
    if (payloadStart > end) return false;
    const known = this.#find(bytes, topicStart, topicEnd);
    if (known === undefined) return false;
    const packetId = header === PUBLISH_QOS_1 ? bytes.readUInt16BE(topicEnd) : undefined;
    if (packetId === 0) return false;
    if (end - payloadStart > known.prepared.maxBodyBytes) return false;
    const batch = this.#session.hub.telemetry.acceptPrepared(known.prepared, bytes.subarray(payloadStart, end));
    if (packetId !== undefined) this.#session.acknowledge(packetId, batch);
    return true;
  }

  #find(bytes: Buffer, start: number, end: number): KnownTopic | undefined {
    const last = this.#last;
    if (last?.bytes.length === end - start && last.bytes.compare(bytes, start, end) === 0) return last;
    if (end - start > MAX_TOPIC_BYTES) return undefined;
    const key = bytes.toString('latin1', start, end); // a byte a character: two topics are never taken for one
    const found = this.#topics.get(key) ?? this.#learn(key, bytes, start, end);
    if (found !== undefined) this.#last = found;
    return found;
  }

  #learn(key: string, bytes: Buffer, start: number, end: number): KnownTopic | undefined {
    const topic = this.#session.topics.parse(bytes.toString('utf8', start, end));
    const bag = topic?.kind === 'telemetry' ? parsePropertyBag(topic.bag) : undefined;
    if (bag === undefined) return undefined;
    const prepared = this.#session.hub.telemetry.prepare(this.#session.source, bag);
    const learnt = { bytes: Buffer.from(bytes.subarray(start, end)), prepared };
    this.#topics.set(key, learnt);
    const [oldest] = this.#topics.keys();
    if (this.#topics.size > MAX_TOPICS && oldest !== undefined) this.#topics.delete(oldest);
    return learnt;
  }
}
