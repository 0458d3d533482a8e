import { Agent } from 'node:https';
import azureIotDevice, { type Client, type Message, type ModuleClient } from 'azure-iot-device';
import azureIotDeviceAmqp from 'azure-iot-device-amqp';
import azureIotHub, { type Client as ServiceClient } from 'azure-iothub';
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

/** A service client over AMQP, opened. The SDK has no option for whom to trust: it is handed in below the transport. */
export async function openAmqpService(
  hub: TestHub,
  transport: Transport = 'Amqp',
  connectionString = hub.connectionString,
): Promise<ServiceClient> {
  const { amqp, https } = hub.server.ports;
  const uri = transport === 'Amqp' ? `amqps://localhost:${amqp}` : `wss://localhost:${https}/$iothub/websocket`;
  const redirect = {
    uri,
    sslOptions: { ca: hub.ca },
    policyOverride: { hostname: 'localhost', servername: 'localhost' },
  };
  const client = azureIotHub.Client.fromConnectionString(connectionString, redirected(transport, redirect));
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  await client.open();
  return client;
}

interface AmqpBase {
  connect(config: object, done: unknown): void;
}

/** A transport that connects where it is told; a function, since `new` takes what it returns. */
function redirected(transport: Transport, redirect: object): ServiceClient.TransportCtor {
  function Redirected(config: ServiceClient.TransportConfigOptions): ServiceClient.Transport {
    const made = new azureIotHub[transport](config);
    const base = Reflect.get(made, '_amqp') as unknown as AmqpBase;
    const connect = base.connect.bind(base);
    base.connect = (options, done) => connect({ ...options, ...redirect }, done);
    return made;
  }
  return Redirected as unknown as ServiceClient.TransportCtor;
}
