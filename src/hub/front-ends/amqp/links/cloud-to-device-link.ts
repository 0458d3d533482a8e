import type { ReceivedMessage } from '../../../model/cloud-to-device-message.ts';
import { HubError } from '../../../model/hub-error.ts';
import type { DeviceSession } from '../device-session.ts';
import { toAmqpError } from '../errors.ts';
import type { OutgoingLink } from '../transport/outgoing-link.ts';
import type { OutgoingMessage } from '../transport/messages.ts';
import { serveLocked } from './locked-messages.ts';

/** Cloud-to-device messages to a device, which completes, rejects or abandons each. Modules have none. */
export function serveCloudToDevice(session: DeviceSession, link: OutgoingLink): void {
  const { hub, target } = session;
  const { deviceId } = target;
  if (target.moduleId !== undefined) {
    const error = new HubError('AmqpAddressNotFound', 'modules have no cloud-to-device messages');
    link.refuse(toAmqpError(error, hub.now()));
    return;
  }
  serveLocked(
    link,
    {
      receive: () => hub.cloudToDevice.receive(deviceId, { holder: link }),
      complete: (lockToken) => hub.cloudToDevice.complete(deviceId, lockToken),
      reject: (lockToken) => hub.cloudToDevice.reject(deviceId, lockToken),
      abandon: (lockToken) => hub.cloudToDevice.abandon(deviceId, lockToken),
      release: () => hub.cloudToDevice.releaseHeldBy(link),
      onAvailable: (listener) => session.onMessagesAvailable(listener),
      toAmqp: (message) => {
        session.heard();
        return toAmqp(message);
      },
    },
    session.onFault,
  );
}

/** @see device-protocol.md, 8.4 */
function toAmqp(message: ReceivedMessage): OutgoingMessage {
  const { systemProperties, properties, ack } = message;
  return {
    messageId: systemProperties['message-id'],
    correlationId: systemProperties['correlation-id'],
    userId: systemProperties['user-id'],
    to: message.to,
    contentType: systemProperties['content-type'],
    contentEncoding: systemProperties['content-encoding'],
    absoluteExpiryMs: message.expiresMs,
    annotations: {
      'iothub-enqueuedtime': { type: 'timestamp', value: message.enqueuedMs },
      'iothub-deliverycount': { type: 'ubyte', value: message.deliveryCount },
      'x-opt-sequence-number': { type: 'ulong', value: message.sequenceNumber },
      'x-opt-lock-token': message.lockToken,
    },
    applicationProperties: { ...(ack === 'none' ? {} : { 'iothub-ack': ack }), ...properties },
    body: message.body,
  };
}
