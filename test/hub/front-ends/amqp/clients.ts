import { Agent } from 'node:https';
import azureIotDevice, { type Client, type Message } from 'azure-iot-device';
import azureIotDeviceAmqp from 'azure-iot-device-amqp';
import azureIotHub, { type Client as ServiceClient } from 'azure-iothub';
import { serviceTransportTo } from '../../../support/amqp-service.ts';
import type { HubFacts } from '../../../support/hub-process.ts';
import type { TestDevice, TestHub } from '../../../support/hub.ts';

/** The transports of `azure-iot-device-amqp`, by name. */
export const TRANSPORTS = ['Amqp', 'AmqpWs'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** An unmodified device client over AMQP, opened; it gives up at the first failure. */
export async function openAmqpDevice(hub: TestHub, device: TestDevice, transport: Transport = 'Amqp'): Promise<Client> {
  // A WebSocket finds its port by the agent: it asks for 443 whatever it is told.
  const gateway = transport === 'Amqp' ? `GatewayHostName=localhost:${hub.server.ports.amqp}` : '';
  const connectionString = device.connectionString.replace(/GatewayHostName=[^;]*/, gateway).replace(/;$/, '');
  const client = azureIotDevice.Client.fromConnectionString(connectionString, azureIotDeviceAmqp[transport]);
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  const webSocketAgent = new Agent({ port: hub.server.ports.https, ca: hub.ca });
  await client.setOptions({ ca: hub.ca, amqp: { webSocketAgent } });
  await client.open();
  return client;
}

/** A cloud-to-device message. */
export function newMessage(
  data: string | Buffer,
  { properties = {}, ...fields }: Omit<Partial<Message>, 'properties'> & { properties?: Record<string, string> } = {},
): Parameters<ServiceClient['send']>[1] {
  const message = Object.assign(new azureIotDevice.Message(data), fields);
  for (const [name, value] of Object.entries(properties)) message.properties.add(name, value);
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- azure-iothub copies the class of azure-iot-common and takes either
  return message;
}

/** A service client over AMQP, opened. */
export async function openAmqpService(
  hub: HubFacts,
  transport: Transport = 'Amqp',
  connectionString = hub.connectionString,
): Promise<ServiceClient> {
  const redirected = serviceTransportTo(hub, transport);
  const client = azureIotHub.Client.fromConnectionString(connectionString, redirected);
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  await client.open();
  return client;
}
