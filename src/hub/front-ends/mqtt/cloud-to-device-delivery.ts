import type { ReceivedMessage } from '../../model/cloud-to-device-message.ts';
import { HubError } from '../../model/hub-error.ts';
import type { DeviceSession, PacketLink } from './device-session.ts';
import { formatPropertyBag } from './property-bag.ts';

/** Messages that a device may have in hands without having acknowledged them. */
const MAX_IN_FLIGHT = 16;

interface InFlight {
  readonly sequenceNumber: number;
  readonly lockToken: string;
}

/** Takes cloud-to-device messages from the queue to one connected device, oldest first. @see device-protocol.md, 5.2 */
export class CloudToDeviceDelivery {
  readonly #session: DeviceSession;
  readonly #link: PacketLink;
  readonly #inFlight = new Map<number, InFlight>();
  #hasEnded = false;

  constructor(session: DeviceSession, link: PacketLink) {
    this.#session = session;
    this.#link = link;
  }

  /** Sends what is there, as far as the device keeps up. */
  deliver(qos: 0 | 1): void {
    const { hub, target } = this.#session;
    while (!this.#hasEnded && this.#link.hasRoom() && this.#inFlight.size < MAX_IN_FLIGHT) {
      const message = hub.cloudToDevice.receive(target.deviceId, { holder: this });
      if (message === undefined) return;
      hub.connections.heardFrom(this.#session.key);
      this.#publish(message, qos);
    }
  }

  /** The device has taken a message. An identifier of none is passed over. */
  acknowledged(packetId: number): void {
    const taken = this.#inFlight.get(packetId);
    if (taken === undefined) return;
    this.#inFlight.delete(packetId);
    this.#complete(taken.lockToken);
    this.#session.messagesAvailable();
  }

  /** The connection has ended: what was not acknowledged waits for the next one. */
  end(): void {
    this.#hasEnded = true;
    this.#session.hub.cloudToDevice.releaseHeldBy(this);
  }

  #publish(message: ReceivedMessage, qos: 0 | 1): void {
    const packet = {
      cmd: 'publish' as const,
      topic: `${this.#session.topics.deviceBound}${formatPropertyBag(message)}`,
      payload: message.body,
      qos,
      dup: false,
      retain: false,
    };
    if (qos === 0) {
      this.#link.send(packet);
      this.#complete(message.lockToken);
      return;
    }
    const messageId = this.#packetIdOf(message.sequenceNumber);
    this.#inFlight.set(messageId, { sequenceNumber: message.sequenceNumber, lockToken: message.lockToken });
    this.#link.send({ ...packet, dup: message.redelivered, messageId });
  }

  /** A message whose lock was lost meanwhile keeps its identifier. [MQTT-4.3.2] */
  #packetIdOf(sequenceNumber: number): number {
    let packetId = (sequenceNumber & 0x3fff) + 1;
    for (;;) {
      const taken = this.#inFlight.get(packetId);
      if (taken === undefined || taken.sequenceNumber === sequenceNumber) return packetId;
      packetId = packetId === 0xffff ? 1 : packetId + 1;
    }
  }

  /** An acknowledgement that comes when the lock is lost has no effect. */
  #complete(lockToken: string): void {
    const { hub, target } = this.#session;
    hub.cloudToDevice.complete(target.deviceId, lockToken).catch((error: unknown) => {
      if (!(error instanceof HubError)) this.#link.onFault(error);
    });
  }
}
