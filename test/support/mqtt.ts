import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { sasToken, type TestDevice, type TestHub } from './hub.ts';

export interface MqttOptions extends IClientOptions {
  /** Takes messages without acknowledging them. */
  readonly neverAcknowledge?: boolean;
  /** When the token ends; default: in an hour. */
  readonly expirySeconds?: number;
}

/** MQTT.js, connected as a device by hand: for what the SDK hides or would not do. It never reconnects by itself. */
export interface MqttDevice {
  readonly client: MqttClient;
  /** What came since the connection began. */
  readonly inbox: Inbox;
  /** Whether the hub had kept the session. */
  readonly sessionPresent: boolean;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
}

/** @throws what MQTT.js gives when the hub refuses */
export async function connectMqtt(hub: TestHub, device: TestDevice, options: MqttOptions = {}): Promise<MqttDevice> {
  const { neverAcknowledge = false, expirySeconds = Math.floor(Date.now() / 1000) + 3600, ...rest } = options;
  const client = connect(`mqtts://localhost:${hub.server.ports.mqtt}`, {
    ca: hub.ca,
    protocolVersion: 4,
    clientId: device.deviceId,
    username: `localhost/${device.deviceId}/?api-version=2021-04-12`,
    password: sasToken({ resource: `localhost/devices/${device.deviceId}`, key: device.key, expirySeconds }),
    clean: false,
    reconnectPeriod: 0,
    ...rest,
  });
  const inbox = new Inbox(client);
  if (neverAcknowledge) dropAcknowledgements(client);
  const ended = new Promise<void>((resolve) => {
    client.once('close', () => resolve());
  });
  const sessionPresent = await new Promise<boolean>((resolve, reject) => {
    client.once('connect', (packet) => resolve(packet.sessionPresent));
    client.once('error', reject);
    client.once('close', () => reject(new Error('the connection was closed')));
  });
  client.on('error', () => undefined); // the end of the connection is what tests look at
  return { client, inbox, sessionPresent, closed: ended };
}

/** The messages that a client gets, in order. */
export class Inbox {
  readonly packets: IPublishPacket[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(client: MqttClient) {
    client.on('packetreceive', (packet) => {
      if (packet.cmd !== 'publish') return;
      this.packets.push(packet);
      for (const look of this.#waiting.splice(0)) look();
    });
  }

  get texts(): string[] {
    return this.packets.map(({ payload }) => payload.toString());
  }

  /** Resolves once there are that many. */
  async has(count: number): Promise<void> {
    while (this.packets.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

type SendPacket = (packet: { cmd: string }, done?: () => void, ...rest: unknown[]) => void;

/** MQTT.js stops reading while a message is not dealt with: so it believes that its PUBACK was sent. */
function dropAcknowledgements(client: MqttClient): void {
  const send = (Reflect.get(client, '_sendPacket') as SendPacket).bind(client);
  Reflect.set(client, '_sendPacket', ((packet, done, ...rest) => {
    if (packet.cmd === 'puback') done?.();
    else send(packet, done, ...rest);
  }) satisfies SendPacket);
}
