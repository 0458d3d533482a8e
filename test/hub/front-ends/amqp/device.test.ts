import azureIotDevice from 'azure-iot-device';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { report } from '../../../support/device.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { openAmqpDevice, TRANSPORTS } from './clients.ts';

const { Message } = azureIotDevice;

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

describe.each(TRANSPORTS)('a device over %s', (transport) => {
  test('sends telemetry that the hub accepts', async () => {
    const client = await openAmqpDevice(hub, await hub.createDevice(`telemetry-${transport}`), transport);
    await client.sendEvent(new Message('{"temperature":21}'));
    await client.close();
  });
  test('answers a direct method', async () => {
    const deviceId = `methods-${transport}`;
    const client = await openAmqpDevice(hub, await hub.createDevice(deviceId), transport);
    const requests: unknown[] = [];
    client.onDeviceMethod('greet', (request, response) => {
      requests.push(request.payload);
      void response.send(200, { hello: 'world' });
    });
    const { result } = await hub.serviceClient().invokeDeviceMethod(deviceId, {
      methodName: 'greet',
      payload: { name: 'you' },
      connectTimeoutInSeconds: 5,
    });
    expect(requests).toEqual([{ name: 'you' }]);
    expect(result).toEqual({ status: 200, payload: { hello: 'world' } });
    await client.close();
  });

  test('reads its twin, reports properties and hears of desired ones', async () => {
    const deviceId = `twin-${transport}`;
    const client = await openAmqpDevice(hub, await hub.createDevice(deviceId), transport);
    const twin = await client.getTwin();
    const interval = new Promise((resolve) => twin.on('properties.desired.interval', resolve));
    await report(twin, { firmware: '1.0' });
    await hub.registry().updateTwin(deviceId, { properties: { desired: { interval: 5 } } }, '*');
    expect(await interval).toBe(5);
    const { responseBody } = await hub.registry().getTwin(deviceId);
    expect(responseBody.properties.reported).toMatchObject({ firmware: '1.0', $version: 2 });
    await client.close();
  });
});
