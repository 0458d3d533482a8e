import type { Client } from 'azure-iot-device';
import azureIotDeviceAmqp from 'azure-iot-device-amqp';
import azureIotDeviceHttp from 'azure-iot-device-http';
import azureIotDeviceMqtt from 'azure-iot-device-mqtt';

/** Every transport of the device SDK, by its name. */
export const TRANSPORTS = ['Mqtt', 'MqttWs', 'Amqp', 'AmqpWs', 'Http'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** What `Client.fromConnectionString` takes. */
export type TransportClass = Parameters<typeof Client.fromConnectionString>[1];

export const TRANSPORT_CLASSES: Readonly<Record<TransportName, TransportClass>> = {
  Mqtt: azureIotDeviceMqtt.Mqtt,
  MqttWs: azureIotDeviceMqtt.MqttWs,
  Amqp: azureIotDeviceAmqp.Amqp,
  AmqpWs: azureIotDeviceAmqp.AmqpWs,
  Http: azureIotDeviceHttp.Http,
};

/** Reasons why a behaviour cannot hold over a transport. */
export type Exceptions = Partial<Record<TransportName, string>>;

export function overHttp(reason: string): Exceptions {
  return { Http: reason };
}

export function overMqtt(reason: string): Exceptions {
  return { Mqtt: reason, MqttWs: reason };
}

export function overAmqp(reason: string): Exceptions {
  return { Amqp: reason, AmqpWs: reason };
}
