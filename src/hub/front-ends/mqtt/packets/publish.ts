import type { IPublishPacket } from 'mqtt-packet';
import type { AppendedBatch } from '../../../model/event.ts';
import { HubError } from '../../../model/hub-error.ts';
import type { DeviceSession } from '../device-session.ts';
import { packetId } from './packet-id.ts';
import { telemetryOf } from '../telemetry-message.ts';
import type { PublishTopic } from '../topics.ts';

/**
 * What a device publishes: telemetry, twin requests, method answers. Any other topic, an unreadable one, and QoS 2 end the
 * connection. @see device-protocol.md, 3.5 and 3.6
 */
export function handlePublish(session: DeviceSession, packet: IPublishPacket): Promise<void> | undefined {
  if (packet.qos === 2) throw new HubError('InvalidOperation', 'QoS 2 is not served');
  const topic = session.topics.parse(packet.topic);
  if (topic === undefined)
    throw new HubError('InvalidOperation', `${session.describe()} may not publish to ${packet.topic}`);
  session.hub.connections.heardFrom(session.key);
  if (topic.kind === 'telemetry') {
    const waitMs = session.hub.throttles.waitMs('telemetry');
    if (waitMs > 0) return publishLater(session, topic.bag, packet, waitMs);
    const batch = acceptTelemetry(session, topic.bag, packet);
    if (packet.qos === 1) session.acknowledge(packetId(packet), batch);
    return undefined;
  }
  const done = takePublish(session, topic, packet);
  if (done === undefined) {
    acknowledge(session, packet);
    return undefined;
  }
  return done.then(() => acknowledge(session, packet));
}

/** Too many messages: this one is acknowledged late, and what comes behind it waits too. device-protocol.md, 3.6 */
async function publishLater(
  session: DeviceSession,
  bag: string,
  packet: IPublishPacket,
  waitMs: number,
): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  const batch = acceptTelemetry(session, bag, packet);
  if (packet.qos === 1) session.acknowledge(packetId(packet), batch);
}

type Request = Exclude<PublishTopic, { kind: 'telemetry' }>;

function takePublish(session: DeviceSession, topic: Request, packet: IPublishPacket): Promise<void> | undefined {
  const body = bytesOf(packet);
  switch (topic.kind) {
    case 'methodResponse':
      session.answerMethod(topic.rid, topic.status, body);
      return undefined;
    case 'getTwin':
      return getTwin(session, topic.rid);
    case 'reportProperties':
      return reportProperties(session, topic, body);
  }
}

function acceptTelemetry(session: DeviceSession, bag: string, packet: IPublishPacket): AppendedBatch | undefined {
  const message = telemetryOf(bag, bytesOf(packet), flagProperties(packet));
  if (message === undefined) throw new HubError('ArgumentInvalid', 'the property bag is not percent-encoded text');
  return session.hub.telemetry.accept(session.source, message);
}

function bytesOf({ payload }: IPublishPacket): Buffer {
  return Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
}

/** Retained and repeated messages are neither: the flags become properties. */
function flagProperties(packet: IPublishPacket): Readonly<Record<string, string>> | undefined {
  if (!packet.retain && !packet.dup) return undefined;
  return { ...(packet.retain ? { 'mqtt-retain': 'true' } : {}), ...(packet.dup ? { 'mqtt-dup': 'true' } : {}) };
}

async function getTwin(session: DeviceSession, rid: string | undefined): Promise<void> {
  if (rid === undefined) throw new HubError('ArgumentInvalid', 'a twin request needs $rid');
  await answeringRefusals(session, rid, async () => {
    session.answerTwin(200, rid, { body: await session.hub.twins.deviceDocument(session.target) });
  });
}

async function reportProperties(
  session: DeviceSession,
  { rid, version }: { rid: string | undefined; version: number | undefined },
  body: Buffer,
): Promise<void> {
  await answeringRefusals(session, rid, async () => {
    if (session.apiVersion === undefined)
      throw new HubError('InvalidProtocolVersion', 'the user name has no api-version');
    const reported = await session.hub.twins.report(session.target, parseJson(body), version);
    if (rid !== undefined) session.answerTwin(204, rid, { version: reported });
  });
}

/** Unlike telemetry, twin requests have an answer for a refusal; without a `$rid` nobody waits for it. */
async function answeringRefusals(
  session: DeviceSession,
  rid: string | undefined,
  request: () => Promise<void>,
): Promise<void> {
  try {
    await request();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    if (rid !== undefined) session.refuseTwin(rid, error);
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw new HubError('IotHubFormatError', 'the reported properties are not valid JSON', { cause: error });
  }
}

function acknowledge(session: DeviceSession, packet: IPublishPacket): void {
  if (packet.qos === 1) session.acknowledge(packetId(packet));
}
