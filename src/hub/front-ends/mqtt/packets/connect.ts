import type { IConnectPacket } from 'mqtt-packet';
import type { Hub } from '../../../hub.ts';
import { HubError } from '../../../model/hub-error.ts';
import { targetKey, type Target } from '../../../model/identifiers.ts';
import { unauthorized } from '../../../model/sas-token.ts';
import type { AuthenticatedDevice, ClientCertificate, DeviceCredential } from '../../../operations/authorization.ts';
import type { TelemetrySource } from '../../../operations/telemetry.ts';
import { DeviceSession, type PacketLink } from '../device-session.ts';
import { telemetryOf } from '../telemetry-message.ts';
import { Topics } from '../topics.ts';
import { parseUsername, type MqttUsername } from '../username.ts';

export type ConnectOutcome =
  | { readonly kind: 'accepted'; readonly session: DeviceSession; readonly sessionPresent: boolean }
  | { readonly kind: 'refused'; readonly returnCode: number };

export interface Connecting {
  readonly hub: Hub;
  readonly certificate: ClientCertificate | undefined;
  readonly link: PacketLink;
}

const UNACCEPTABLE_PROTOCOL_VERSION = 1;
/** Whatever is wrong with who connects, the hub says only this. @see device-protocol.md, 3.2 */
const NOT_AUTHORIZED = 5;

/** For who may come again later. */
const SERVER_UNAVAILABLE = 3;

function returnCodeOf({ code }: HubError): number {
  return code === 'ThrottlingException' ? SERVER_UNAVAILABLE : NOT_AUTHORIZED;
}

/** Lets a device in or not: version, user name, client id, credential, session, then the place of an older connection. */
export async function connectDevice(connecting: Connecting, packet: IConnectPacket): Promise<ConnectOutcome> {
  if (packet.protocolVersion !== 4) return { kind: 'refused', returnCode: UNACCEPTABLE_PROTOCOL_VERSION };
  try {
    const username = checkUsername(connecting.hub, packet);
    const device = connecting.hub.authorization.authenticateDevice(username.target, credentialOf(connecting, packet));
    return await openSession(connecting, packet, { username, device });
  } catch (error) {
    if (error instanceof HubError) return { kind: 'refused', returnCode: returnCodeOf(error) };
    throw error;
  }
}

function checkUsername(hub: Hub, packet: IConnectPacket): MqttUsername {
  const username = parseUsername(packet.username ?? '');
  if (username === undefined || !hub.answersTo(username.hostName)) throw unauthorized();
  if (packet.clientId !== targetKey(username.target)) throw unauthorized();
  return username;
}

/** A password is evaluated even beside a certificate. @see device-protocol.md, 2.3 */
function credentialOf({ certificate }: Connecting, packet: IConnectPacket): DeviceCredential {
  if (packet.password !== undefined && packet.password.length > 0)
    return { kind: 'token', token: packet.password.toString() };
  if (certificate === undefined) throw unauthorized();
  return { kind: 'certificate', certificate };
}

async function openSession(
  { hub, link }: Connecting,
  packet: IConnectPacket,
  { username, device }: { username: MqttUsername; device: AuthenticatedDevice },
): Promise<ConnectOutcome> {
  await hub.throttles.turn('connections');
  const key = targetKey(device.target);
  const persistent = packet.clean === false;
  if (!persistent) await hub.sessions.forget(key);
  const kept = hub.sessions.find(key);
  const source = hub.telemetry.sourceOf(device, username.modelId);
  const session = new DeviceSession({
    hub,
    link,
    target: device.target,
    apiVersion: username.apiVersion,
    endsMs: device.endsMs,
    persistent,
    subscriptions: new Map(Object.entries(kept?.subscriptions ?? {})),
    source,
    sendWill: willOf(hub, { target: device.target, source }, packet),
  });
  if (username.modelId !== '') await hub.twins.announceModel(device.target, username.modelId);
  session.open();
  return { kind: 'accepted', session, sessionPresent: kept !== undefined };
}

/** A will is telemetry or nothing: any other topic is not the device's to publish. @see device-protocol.md, 3.4 */
function willOf(
  hub: Hub,
  { target, source }: { target: Target; source: TelemetrySource },
  packet: IConnectPacket,
): (() => void) | undefined {
  const { will } = packet;
  const topic = will === undefined ? undefined : new Topics(target).parse(will.topic);
  if (will === undefined || topic?.kind !== 'telemetry') return undefined;
  const message = telemetryOf(topic.bag, Buffer.from(will.payload), { 'iothub-MessageType': 'Will' });
  if (message === undefined) return undefined;
  return () => {
    hub.telemetry.accept(source, message);
  };
}
