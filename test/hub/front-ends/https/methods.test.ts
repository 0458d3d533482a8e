import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../../support/device.ts';
import { rest } from '../../../support/rest.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

const call = (id: string, body: unknown) => rest(hub, 'POST', `/twins/${id}/methods`, { body });
const inner = (body: { Message: string }) => JSON.parse(body.Message);

// service-protocol.md, 7
describe('a direct method', () => {
  test.each([[null], [''], [{}], [[]], [0], [false], ['text'], [{ deep: { list: [1, null] } }]])(
    'carries %j there and back unchanged',
    async (payload) => {
      const id = `echo-${JSON.stringify(payload).length}-${typeof payload}-${Array.isArray(payload)}`;
      const client = await openDevice(hub, await hub.createDevice(id));
      const seen: unknown[] = [];
      client.onDeviceMethod('echo', (request, response) => {
        seen.push(request.payload);
        void response.send(201, payload);
      });
      const { status, body } = await call(id, { methodName: 'echo', payload, connectTimeoutInSeconds: 5 });
      expect([status, body]).toEqual([200, { status: 201, payload }]);
      expect(seen).toEqual([payload]);
      await client.close();
    },
  );

  test('on a device that is away is DeviceNotOnline, in dialect B with the connect timeout', async () => {
    await hub.createDevice('away');
    const { status, body, headers } = await call('away', { methodName: 'x' });
    expect([status, headers['iothub-errorcode'], body.ExceptionMessage]).toEqual([404, 'DeviceNotOnline', '']);
    expect(inner(body)).toMatchObject({ errorCode: 404103, info: { timeout: '00:00:00' } });
  });

  test('on a device that does not listen for methods is DeviceNotOnline too', async () => {
    const client = await openDevice(hub, await hub.createDevice('deaf'));
    const { body } = await call('deaf', { methodName: 'x' });
    expect(inner(body).errorCode).toBe(404103);
    await client.close();
  });

  test('waits as long as it may for a device to come', async () => {
    const device = await hub.createDevice('late');
    const answer = call('late', { methodName: 'x', payload: null, connectTimeoutInSeconds: 30 });
    const client = await openDevice(hub, device);
    client.onDeviceMethod('x', (_request, response) => void response.send(200, 'here'));
    expect((await answer).body).toEqual({ status: 200, payload: 'here' });
    await client.close();
  });

  test('gives up when the device does not come in time', async () => {
    await hub.createDevice('never');
    const { body } = await call('never', { methodName: 'x', connectTimeoutInSeconds: 1 });
    expect(inner(body)).toMatchObject({ errorCode: 404103, info: { timeout: '00:00:01' } });
  });

  test('that the device does not answer in time is a gateway timeout', async () => {
    const client = await openDevice(hub, await hub.createDevice('silent'));
    client.onDeviceMethod('x', () => undefined);
    const { status, body, headers } = await call('silent', {
      methodName: 'x',
      payload: null,
      responseTimeoutInSeconds: 5,
      connectTimeoutInSeconds: 5,
    });
    expect([status, headers['iothub-errorcode']]).toEqual([504, 'GatewayTimeout']);
    expect(inner(body)).toMatchObject({ errorCode: 504101, info: {} });
    await client.close();
  });

  test('ends when the device goes away meanwhile', async () => {
    const client = await openDevice(hub, await hub.createDevice('leaver'));
    client.onDeviceMethod('x', () => void client.close());
    const { status, body } = await call('leaver', { methodName: 'x', payload: null, connectTimeoutInSeconds: 5 });
    expect([status, inner(body).errorCode]).toEqual([404, 404104]);
  });

  test('on an unknown device is DeviceNotFoundError for the SDK', async () => {
    const client = hub.serviceClient();
    client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
    await expect(client.invokeDeviceMethod('nobody', { methodName: 'x' } as never)).rejects.toMatchObject({
      name: 'DeviceNotFoundError',
    });
  });

  test.each([
    ['no name', {}],
    ['an empty name', { methodName: '' }],
    ['a name that is a number', { methodName: 5 }],
    ['a response timeout of 4 s', { methodName: 'x', responseTimeoutInSeconds: 4 }],
    ['a response timeout of 301 s', { methodName: 'x', responseTimeoutInSeconds: 301 }],
    ['a connect timeout of 301 s', { methodName: 'x', payload: null, connectTimeoutInSeconds: 301 }],
    ['a negative connect timeout', { methodName: 'x', connectTimeoutInSeconds: -1 }],
    ['a timeout that is a text', { methodName: 'x', responseTimeoutInSeconds: '30' }],
    ['no object', []],
  ])('with %s is refused', async (_what, body) => {
    await hub
      .registry()
      .create({ deviceId: 'arguments' })
      .catch(() => undefined);
    expect((await call('arguments', body)).status).toBe(400);
  });

  test('with more than 128 KB is refused', async () => {
    expect((await call('arguments', { methodName: 'x', payload: 'x'.repeat(131_072) })).status).toBe(413);
  });

  test('reaches a module', async () => {
    await hub.createDevice('with-module');
    await hub.registry().addModule({ deviceId: 'with-module', moduleId: 'm' });
    const { status, body } = await rest(hub, 'POST', '/twins/with-module/modules/m/methods', {
      body: { methodName: 'x' },
    });
    expect([status, inner(body).errorCode]).toEqual([404, 404103]);
  });
});
