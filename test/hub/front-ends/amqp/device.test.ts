/** What holds over AMQP alone; the rest of a device's life is in ../../device-life. */
import azureIotDevice, { type Client } from 'azure-iot-device';
import azureIotDeviceAmqp from 'azure-iot-device-amqp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../../support/device.ts';
import { sasToken, startHub, type TestHub } from '../../../support/hub.ts';
import { openAmqpDevice, TRANSPORTS } from './clients.ts';

const { Message } = azureIotDevice;

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

const state = async (deviceId: string) => (await hub.registry().get(deviceId)).responseBody.connectionState;

/** The error that the client's connection ended with. */
function ended(client: Client): Promise<Error> {
  return new Promise((resolve) => client.once('disconnect', resolve));
}

describe.each(TRANSPORTS)('a device over %s', (transport) => {
  test('is connected from its first link to its end', async () => {
    const deviceId = `state-${transport}`;
    const client = await openAmqpDevice(hub, await hub.createDevice(deviceId), transport);
    expect(await state(deviceId)).toBe('Disconnected');
    await client.sendEvent(new Message('x'));
    expect(await state(deviceId)).toBe('Connected');
    await client.close();
    await expect.poll(() => state(deviceId)).toBe('Disconnected');
  });
});

describe('a method call', () => {
  test('finds nobody while the device has no method links', async () => {
    const client = await openAmqpDevice(hub, await hub.createDevice('no-methods'));
    await client.getTwin();
    await expect(
      hub.serviceClient().invokeDeviceMethod('no-methods', { methodName: 'any', payload: null }),
    ).rejects.toMatchObject({ responseBody: expect.stringContaining('404103') });
    await client.close();
  });
});

describe('a token', () => {
  test('is renewed in the middle of traffic, on the same connection', async () => {
    await using own = await startHub();
    const { key } = await own.createDevice('renewing');
    const resource = `localhost:${own.server.ports.amqp}/devices/renewing`;
    const token = (lifetimeSeconds: number): string =>
      sasToken({ resource, key, expirySeconds: Math.floor(Date.now() / 1000) + lifetimeSeconds });
    const client = azureIotDevice.Client.fromSharedAccessSignature(token(600), azureIotDeviceAmqp.Amqp);
    await client.setOptions({ ca: own.ca });
    await client.open();
    await client.sendEvent(new Message('1'));
    const before = own.server.hub.connections.find({ deviceId: 'renewing' });
    client.updateSharedAccessSignature(token(7200));
    await client.sendEvent(new Message('2')); // behind the new token
    await own.server.hub.advanceTime(3_600_000);
    await client.sendEvent(new Message('3'));
    expect(own.server.hub.connections.find({ deviceId: 'renewing' })).toBe(before);
    await client.close();
  });
});

describe('the hub ends what a device has open', () => {
  test('when it connects again by another protocol, and that one stays', async () => {
    const device = await hub.createDevice('roaming');
    const amqp = await openAmqpDevice(hub, device);
    await amqp.getTwin();
    const end = ended(amqp);
    const mqtt = await openDevice(hub, device);
    await end;
    expect(await state('roaming')).toBe('Connected');
    await mqtt.sendEvent(new Message('x'));
    const back = await openAmqpDevice(hub, device);
    const mqttEnd = ended(mqtt);
    mqtt.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
    await back.getTwin();
    await mqttEnd;
    expect(await state('roaming')).toBe('Connected');
    await back.close();
  });
});
