import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import mqttPacket from 'mqtt-packet';
import { DEVICE_KEY, sasToken } from './local-hub.ts';

/** Where a server listens and who vouches for it. */
export interface ServerAddress {
  readonly port: number;
  readonly ca: string;
}

export function tlsOptions({ port, ca }: ServerAddress): ConnectionOptions {
  return { host: '127.0.0.1', port, ca, servername: 'localhost' };
}

/** A CONNECT as IoT Hub wants it; other brokers without passwords take it too. */
export function connectPacket(deviceId: string): Buffer {
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: deviceId,
    keepalive: 240,
    username: `localhost/${deviceId}/?api-version=2021-04-12`,
    password: Buffer.from(sasToken(`localhost/devices/${deviceId}`, DEVICE_KEY)),
  });
}

export function subscribePacket(...topics: readonly string[]): Buffer {
  return mqttPacket.generate({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: topics.map((topic) => ({ topic, qos: 0 })),
  });
}

const CONNACK_BYTES = 4;

/** A socket behind its CONNACK, with as little of a client around it as there can be. */
export function connectDevice(address: ServerAddress, deviceId: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(tlsOptions(address), () => socket.write(connectPacket(deviceId)));
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
    socket.once('data', (chunk: Buffer) => {
      if (chunk[0] !== 0x20 || chunk[3] !== 0 || chunk.length !== CONNACK_BYTES)
        reject(new Error('the server refused the device'));
      else resolve(socket);
    });
  });
}

/** Cuts a byte stream into MQTT packets and counts them by type, without reading more than their fixed headers. */
export class PacketCounter {
  #rest: Buffer = Buffer.alloc(0);

  /** @returns how many packets ended in this chunk */
  count(chunk: Buffer): number {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let packets = 0;
    for (;;) {
      const length = packetLength(bytes);
      if (length === undefined || bytes.length < length) break;
      packets += 1;
      bytes = bytes.subarray(length);
    }
    this.#rest = bytes;
    return packets;
  }
}

function packetLength(bytes: Buffer): number | undefined {
  let length = 0;
  for (let i = 1; i <= 4; i += 1) {
    const byte = bytes[i];
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << (7 * (i - 1));
    if (byte < 0x80) return length + i + 1;
  }
  return undefined;
}
