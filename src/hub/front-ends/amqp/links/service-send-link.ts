import type { Hub } from '../../../hub.ts';
import { parseFeedbackAck, type CloudToDeviceMessage } from '../../../model/cloud-to-device-message.ts';
import { HubError } from '../../../model/hub-error.ts';
import { MAX_CLOUD_TO_DEVICE_BYTES } from '../../../model/limits.ts';
import { parseAddress } from '../addresses.ts';
import type { AmqpConnection } from '../amqp-connection.ts';
import { toAmqpError } from '../errors.ts';
import { applicationProperties, systemPropertiesOf } from '../telemetry-message.ts';
import type { IncomingDelivery, IncomingLink } from '../transport/incoming-link.ts';
import type { IncomingMessage, MessageCodec } from '../transport/messages.ts';

/** Cloud-to-device messages from a service: each is accepted when it is queued, or rejected with the reason. @see service-protocol.md, 11.3 */
export function serveServiceSend(connection: AmqpConnection, link: IncomingLink): void {
  link.accept({
    maxMessageBytes: MAX_CLOUD_TO_DEVICE_BYTES,
    onMessage: (delivery) => {
      send(connection, delivery).catch((error: unknown) => connection.onFault(error));
    },
  });
}

async function send(connection: AmqpConnection, delivery: IncomingDelivery): Promise<void> {
  try {
    const { message } = delivery;
    const deviceIds = recipients(message);
    await sendToFirst(connection.hub, deviceIds, toMessage(message, connection.codec));
    delivery.accept();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    delivery.reject(toAmqpError(error, connection.hub.now()));
  }
}

/** `to` as Node (percent-encoded) and Python (raw) spell it. @throws HubError InvalidOperation */
function recipients(message: IncomingMessage): readonly string[] {
  const address = parseAddress(message.to ?? '');
  const spellings = address.kind === 'device' && address.endpoint === 'deviceBound' ? address.spellings : [];
  const devices = spellings.filter(({ moduleId }) => moduleId === undefined);
  if (devices.length === 0) {
    throw new HubError(
      'InvalidOperation',
      `'to' must be /devices/{id}/messages/devicebound, got '${message.to ?? ''}'`,
    );
  }
  return devices.map(({ deviceId }) => deviceId);
}

async function sendToFirst(hub: Hub, deviceIds: readonly string[], message: CloudToDeviceMessage): Promise<void> {
  const [deviceId = '', ...others] = deviceIds;
  try {
    await hub.cloudToDevice.send(deviceId, message);
  } catch (error) {
    if (others.length === 0 || !(error instanceof HubError) || error.code !== 'DeviceNotFound') throw error;
    await sendToFirst(hub, others, message);
  }
}

function toMessage(message: IncomingMessage, codec: MessageCodec): CloudToDeviceMessage {
  const ack = message.applicationProperties['iothub-ack'];
  const { to: _to, 'absolute-expiry-time': _expiry, ...systemProperties } = systemPropertiesOf(message, codec);
  return {
    body: message.data,
    properties: applicationProperties(message, (name) => name !== 'iothub-ack'),
    systemProperties,
    ack: parseFeedbackAck(typeof ack === 'string' ? ack : undefined),
    expiresMs: message.absoluteExpiryMs,
  };
}
