import type { ISubscribePacket } from 'mqtt-packet';
import { HubError } from '../../../model/hub-error.ts';
import type { DeviceSession } from '../device-session.ts';
import { packetId } from './packet-id.ts';

/** @see device-protocol.md, 3.5 */
const MAX_SUBSCRIPTIONS = 5;

/**
 * Subscribes to the device's own topics. QoS 2 is granted as 1; any other filter, and a sixth one, end the connection, since
 * clients take a failure SUBACK for success.
 */
export async function handleSubscribe(session: DeviceSession, packet: ISubscribePacket): Promise<void> {
  // [MQTT-3.8.3-3]
  if (packet.subscriptions.length === 0) throw new HubError('ArgumentInvalid', 'a SUBSCRIBE names no topic filter');
  const granted = packet.subscriptions.map(({ topic, qos }): 0 | 1 => {
    if (!session.topics.isSubscribable(topic)) {
      throw new HubError('InvalidOperation', `${session.describe()} may not subscribe to ${topic}`);
    }
    session.subscriptions.set(topic, qos === 0 ? 0 : 1);
    return qos === 0 ? 0 : 1;
  });
  if (session.subscriptions.size > MAX_SUBSCRIPTIONS) {
    throw new HubError('InvalidOperation', `${session.describe()} has more than ${MAX_SUBSCRIPTIONS} subscriptions`);
  }
  await keepSubscriptions(session);
  session.send({ cmd: 'suback', messageId: packetId(packet), granted });
  session.subscriptionsChanged();
}

/** A persistent session's subscriptions survive before they are acknowledged. */
export async function keepSubscriptions(session: DeviceSession): Promise<void> {
  if (!session.persistent) return;
  await session.hub.sessions.keep(session.key, { subscriptions: Object.fromEntries(session.subscriptions) });
}
