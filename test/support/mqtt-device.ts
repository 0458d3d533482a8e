import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { sasToken, type TestDevice, type TestHub } from './hub.ts';

export interface RawDeviceOptions extends IClientOptions {
  /** Ids as in the user name and client id: `device` or `device/module`. */
  readonly id?: string;
  /** What stands behind the ids in the user name. */
  readonly parameters?: string;
  /** Seconds until the token ends. */
  readonly lifetimeSeconds?: number;
}

/** A device that speaks MQTT by hand, for what the SDKs hide; refused connects reject with `code`. */
export function connectRaw(hub: TestHub, device: TestDevice, options: RawDeviceOptions = {}): Promise<MqttClient> {
  const { id = device.deviceId, parameters = '/?api-version=2021-04-12', lifetimeSeconds = 3600, ...own } = options;
  const [deviceId, moduleId] = id.split('/');
  const resource = `localhost/devices/${deviceId}${moduleId === undefined ? '' : `/modules/${moduleId}`}`;
  const expirySeconds = Math.floor(hub.server.hub.now() / 1000) + lifetimeSeconds;
  const clientOptions: IClientOptions = {
    ca: hub.ca,
    clientId: id,
    username: `localhost/${id}${parameters}`,
    password: sasToken({ resource, key: device.key, expirySeconds }),
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    ...own,
  };
  return connectAsync(`mqtts://localhost:${hub.server.ports.mqtt}`, clientOptions, false);
}

/** The return code that a connect was refused with; 0 = it was not. */
export async function connectCode(connecting: Promise<MqttClient>): Promise<unknown> {
  try {
    await (await connecting).endAsync();
    return 0;
  } catch (error) {
    return Reflect.get(error as object, 'code');
  }
}

/** Resolves when the hub has ended the connection. */
export function closed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    if (!client.connected) resolve();
    else client.once('close', () => resolve());
  });
}

/** The next message that arrives: topic and text. */
export function nextMessage(client: MqttClient): Promise<{ topic: string; text: string; dup: boolean }> {
  return new Promise((resolve) => {
    client.once('message', (topic, payload, packet) => {
      resolve({ topic, text: payload.toString(), dup: packet.dup });
    });
  });
}
