import { createHash, X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import azureIotDevice from 'azure-iot-device';
import azureIotDeviceAmqp from 'azure-iot-device-amqp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates } from '../../../../src/hub/index.ts';
import { eventsOf } from '../../../support/events.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { TRANSPORTS } from './clients.ts';

const { Client, Message } = azureIotDevice;

let hub: TestHub;
let certificate: { cert: string; key: string };
beforeAll(async () => {
  hub = await startHub();
  const made = await makeCertificates(['pump'], Date.now());
  certificate = { cert: made.caCertificate, key: made.caKey };
});
afterAll(() => hub.close());

async function newClient(deviceId: string, thumbprint: string, transport: (typeof TRANSPORTS)[number]) {
  const x509Thumbprint = { primaryThumbprint: thumbprint, secondaryThumbprint: thumbprint };
  await hub.registry().create({ deviceId, authentication: { type: 'selfSigned', x509Thumbprint } });
  // With a certificate the SDK passes a gateway over.
  const host = transport === 'Amqp' ? `localhost:${hub.server.ports.amqp}` : 'localhost';
  const connectionString = `HostName=${host};DeviceId=${deviceId};x509=true`;
  const client = Client.fromConnectionString(connectionString, azureIotDeviceAmqp[transport]);
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  const webSocketAgent = new Agent({ port: hub.server.ports.https, ca: hub.ca, ...certificate });
  await client.setOptions({ ...certificate, ca: hub.ca, amqp: { webSocketAgent } });
  return client;
}

describe.each(TRANSPORTS)('a device with a certificate over %s', (transport) => {
  test('is known by its thumbprint', async () => {
    const deviceId = `known-${transport}`;
    const thumbprint = createHash('sha256').update(new X509Certificate(certificate.cert).raw).digest('hex');
    const client = await newClient(deviceId, thumbprint, transport);
    await client.open();
    await client.sendEvent(new Message('x'));
    const [event] = await eventsOf(hub, deviceId);
    expect(event?.annotations['iothub-connection-auth-method']).toContain('"type":"x509Certificate"');
    await client.close();
  });

  test('is refused when another one is registered', async () => {
    const client = await newClient(`unknown-${transport}`, 'A'.repeat(40), transport);
    await client.open();
    await expect(client.sendEvent(new Message('x'))).rejects.toMatchObject({ name: 'UnauthorizedError' });
  });
});
