import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDevice, report } from '../support/device.ts';
import { startHub, type TestHub } from '../support/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

describe('a device and a service on the official SDKs', () => {
  test('a direct method travels to the device and its answer back', async () => {
    const client = await openDevice(hub, await hub.createDevice('methods'));
    const requests: unknown[] = [];
    client.onDeviceMethod('greet', (request, response) => {
      requests.push(request.payload);
      void response.send(200, { hello: 'world' });
    });
    const { result } = await hub.serviceClient().invokeDeviceMethod('methods', {
      methodName: 'greet',
      payload: { name: 'you' },
      responseTimeoutInSeconds: 10,
      connectTimeoutInSeconds: 5,
    });
    expect(requests).toEqual([{ name: 'you' }]);
    expect(result).toEqual({ status: 200, payload: { hello: 'world' } });
    await client.close();
  });

  test('what the device reports stands in the twin, with metadata', async () => {
    const client = await openDevice(hub, await hub.createDevice('reports'));
    const twin = await client.getTwin();
    await report(twin, { connectivity: { type: 'cellular' } });
    const { responseBody } = await hub.registry().getTwin('reports');
    expect(responseBody.properties.reported).toMatchObject({ connectivity: { type: 'cellular' }, $version: 2 });
    expect(responseBody.properties.reported['$metadata'].connectivity.type.$lastUpdated).toMatch(/^\d{4}-/);
    await client.close();
  });

  test('a desired property that a service sets reaches the device', async () => {
    const client = await openDevice(hub, await hub.createDevice('desired'));
    const twin = await client.getTwin();
    const patch = new Promise((resolve) => twin.on('properties.desired.interval', resolve));
    await report(twin, { ready: true });
    await hub.registry().updateTwin('desired', { properties: { desired: { interval: 5 } } }, '*');
    expect(await patch).toBe(5);
    await client.close();
  });

  test('a query finds the device by tag and by reported property', async () => {
    const client = await openDevice(hub, await hub.createDevice('queried'));
    const twin = await client.getTwin();
    await report(twin, { connectivity: 'cellular' });
    await hub.registry().updateTwin('queried', { tags: { plant: 'Redmond43' } }, '*');
    const query = hub
      .registry()
      .createQuery(
        "SELECT * FROM devices WHERE tags.plant = 'Redmond43' AND properties.reported.connectivity = 'cellular'",
        100,
      );
    const { result } = await query.nextAsTwin();
    expect(result.map((found) => [found.deviceId, Reflect.get(found, 'connectionState')])).toEqual([
      ['queried', 'Connected'],
    ]);
    await client.close();
  });
});
