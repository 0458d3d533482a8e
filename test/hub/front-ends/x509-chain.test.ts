import { Agent } from 'node:https';
import azureIotDevice, { type Client as DeviceClient } from 'azure-iot-device';
import azureIotDeviceAmqp from 'azure-iot-device-amqp';
import azureIotDeviceHttp from 'azure-iot-device-http';
import azureIotDeviceMqtt from 'azure-iot-device-mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestAuthority, type IssuedCertificate } from '../../support/device-certificates.ts';
import { eventsOf } from '../../support/events.ts';
import { startHub, type TestHub } from '../../support/hub.ts';

const { Client, Message } = azureIotDevice;
const { Mqtt, MqttWs } = azureIotDeviceMqtt;
const { Amqp, AmqpWs } = azureIotDeviceAmqp;
const TRANSPORTS = { Mqtt, MqttWs, Amqp, AmqpWs, Http: azureIotDeviceHttp.Http } as const;

let hub: TestHub;
let intermediate: TestAuthority;
beforeAll(async () => {
  const root = await TestAuthority.make();
  intermediate = await root.intermediate('Factory');
  hub = await startHub({ deviceAuthorities: [{ name: 'root', pem: root.pem }] });
});
afterAll(() => hub.close());

/** An unmodified SDK client that shows its certificate, followed by the one of the authority in between. */
async function newClient(
  transport: keyof typeof TRANSPORTS,
  deviceId: string,
  { pem, key }: IssuedCertificate,
  sent: readonly IssuedCertificate[],
): Promise<DeviceClient> {
  const { ports } = hub.server;
  // With a certificate the SDK passes a gateway over, so the port has to stand with the host.
  const host = { Mqtt: `localhost:${ports.mqtt}`, Amqp: `localhost:${ports.amqp}` };
  const hostName = transport === 'Mqtt' || transport === 'Amqp' ? host[transport] : 'localhost';
  const client = Client.fromConnectionString(
    `HostName=${hostName};DeviceId=${deviceId};x509=true`,
    TRANSPORTS[transport],
  );
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  const certificate = { cert: [pem, ...sent.map((each) => each.pem)].join(''), key };
  const agent = new Agent({ port: ports.https, ca: hub.ca, ...certificate });
  const webSockets = { mqtt: { webSocketAgent: agent }, amqp: { webSocketAgent: agent } };
  // azure-iot-device-http never says that its options are set unless there is a receivePolicy among them.
  const http = { agent, receivePolicy: { interval: 1 } };
  await client.setOptions({ ...certificate, ca: hub.ca, ...webSockets, http });
  return client;
}

// device-protocol.md, 2.3: root → intermediate → device, the hub knowing the root alone
describe.each(['Mqtt', 'MqttWs', 'Amqp', 'AmqpWs', 'Http'] as const)('a chain of certificates over %s', (transport) => {
  const deviceId = `pump-${transport}`;
  let leaf: IssuedCertificate;
  beforeAll(async () => {
    await hub.registry().create({ deviceId, authentication: { type: 'certificateAuthority' } });
    leaf = await intermediate.issue(deviceId);
  });

  test('lets the device in, which sends as itself', async () => {
    const client = await newClient(transport, deviceId, leaf, [intermediate]);
    await client.sendEvent(new Message('hello'));
    const [event] = await eventsOf(hub, deviceId);
    expect(event?.annotations['iothub-connection-auth-method']).toBe(
      '{"scope":"device","type":"x509Certificate","issuer":"external","acceptingIpFilterRule":null}',
    );
    await client.close();
  });

  test("does not let it in with another device's certificate", async () => {
    const client = await newClient(transport, deviceId, await intermediate.issue('another'), [intermediate]);
    await expect(client.sendEvent(new Message('hello'))).rejects.toThrow();
    expect(await eventsOf(hub, deviceId)).toHaveLength(1);
  });
});
