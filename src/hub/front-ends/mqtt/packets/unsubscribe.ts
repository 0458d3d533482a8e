import type { IUnsubscribePacket } from 'mqtt-packet';
import { HubError } from '../../../model/hub-error.ts';
import type { DeviceSession } from '../device-session.ts';
import { packetId } from './packet-id.ts';
import { keepSubscriptions } from './subscribe.ts';

/** Always acknowledged, also for a filter that was never subscribed to. [MQTT-3.10.4-5] */
export async function handleUnsubscribe(session: DeviceSession, packet: IUnsubscribePacket): Promise<void> {
  // [MQTT-3.10.3-2]
  if (packet.unsubscriptions.length === 0)
    throw new HubError('ArgumentInvalid', 'an UNSUBSCRIBE names no topic filter');
  for (const filter of packet.unsubscriptions) session.subscriptions.delete(filter);
  await keepSubscriptions(session);
  session.send({ cmd: 'unsuback', messageId: packetId(packet), granted: [] });
  session.subscriptionsChanged();
}
