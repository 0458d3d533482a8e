import { Agent } from 'node:https';
import azureIotDevice, { type Client, type ModuleClient } from 'azure-iot-device';
import azureIotDeviceAmqp from 'azure-iot-device-amqp';
import type { TestDevice, TestHub } from '../../../support/hub.ts';

/** The transports of `azure-iot-device-amqp`, by name. */
export const TRANSPORTS = ['Amqp', 'AmqpWs'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** An unmodified device client over AMQP, not opened; it gives up at the first failure. */
export async function newAmqpDevice(hub: TestHub, device: TestDevice, transport: Transport = 'Amqp'): Promise<Client> {
  const client = azureIotDevice.Client.fromConnectionString(
    amqpString(hub, device, transport),
    azureIotDeviceAmqp[transport],
  );
  await setUp(client, hub);
  return client;
}

export async function openAmqpDevice(hub: TestHub, device: TestDevice, transport: Transport = 'Amqp'): Promise<Client> {
  const client = await newAmqpDevice(hub, device, transport);
  await client.open();
  return client;
}

export async function openAmqpModule(hub: TestHub, connectionString: string): Promise<ModuleClient> {
  const client = azureIotDevice.ModuleClient.fromConnectionString(connectionString, azureIotDeviceAmqp.Amqp);
  await setUp(client, hub);
  await client.open();
  return client;
}

/** The connection string of a device that reaches the hub by its AMQP port; a WebSocket finds its own by the agent. */
export function amqpString(hub: TestHub, device: TestDevice, transport: Transport = 'Amqp'): string {
  const gateway = transport === 'Amqp' ? `GatewayHostName=localhost:${hub.server.ports.amqp}` : '';
  return device.connectionString.replace(/GatewayHostName=[^;]*/, gateway).replace(/;$/, '');
}

async function setUp(client: Client | ModuleClient, hub: TestHub): Promise<void> {
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  // WebSocket transports ask for port 443 whatever they are told: only the agent knows better.
  const webSocketAgent = new Agent({ port: hub.server.ports.https, ca: hub.ca });
  await client.setOptions({ ca: hub.ca, amqp: { webSocketAgent } });
}
