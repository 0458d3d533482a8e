import { HubError } from '../../../model/hub-error.ts';

/** The packet identifier, which the codec has read for every packet that must have one. [MQTT-2.3.1-1] */
export function packetId(packet: { readonly cmd: string; readonly messageId?: number | undefined }): number {
  // 0 is none. [MQTT-2.3.1-1]
  if (packet.messageId === undefined || packet.messageId === 0)
    throw new HubError('InvalidOperation', `${packet.cmd} has no packet identifier`);
  return packet.messageId;
}
