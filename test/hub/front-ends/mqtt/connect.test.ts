import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../../support/device.ts';
import { sasToken, startHub, type TestDevice, type TestHub } from '../../../support/hub.ts';
import { rest } from '../../../support/rest.ts';
import { closed, connectCode, connectRaw } from '../../../support/mqtt-device.ts';

let hub: TestHub;
let device: TestDevice;
let other: TestDevice;
beforeAll(async () => {
  hub = await startHub();
  device = await hub.createDevice('d');
  other = await hub.createDevice('other');
});
afterAll(() => hub.close());

const soon = () => Math.floor(Date.now() / 1000) + 600;
const token = (resource: string, key: string, more: { expirySeconds?: number; policyName?: string } = {}) =>
  sasToken({ resource, key, expirySeconds: soon(), ...more });
const policyToken = (policyName: string, resource = 'localhost') =>
  token(resource, hub.policyKey(policyName), { policyName });

// device-protocol.md, 3.2: "The hub reports every refused CONNECT as return code 5"
describe('a device is let in', () => {
  test.each([
    ['with its own key', () => token('localhost/devices/d', device.key)],
    ['with its own key, the id in other letters', () => token('localhost/devices/D', device.key)],
    ['with a token of a policy that may connect devices', () => policyToken('device')],
    ['with the owner’s token for all devices', () => policyToken('iothubowner', 'localhost/devices')],
    [
      'with a token that ended four minutes ago',
      () => token('localhost/devices/d', device.key, { expirySeconds: soon() - 840 }),
    ],
  ])('%s', async (_what, password) => {
    expect(await connectCode(connectRaw(hub, device, { password: password() }))).toBe(0);
  });
});

describe('a device is refused with code 5', () => {
  test.each([
    ['with the key of another', () => ({ password: token('localhost/devices/d', other.key) })],
    ['with a token for another', () => ({ password: token('localhost/devices/other', device.key) })],
    ['with a token for the whole hub and its own key', () => ({ password: token('localhost', device.key) })],
    [
      'with an expired token',
      () => ({ password: token('localhost/devices/d', device.key, { expirySeconds: soon() - 901 }) }),
    ],
    ['with a policy that may not connect devices', () => ({ password: policyToken('service') })],
    ['with a policy token for another device', () => ({ password: policyToken('device', 'localhost/devices/other') })],
    ['with a token for another host', () => ({ password: token('elsewhere/devices/d', device.key) })],
    ['with no token', () => ({ password: '' })],
    ['with a token that is none', () => ({ password: 'password' })],
    ['with the client id of another', () => ({ clientId: 'other' })],
    ['with a user name of another host', () => ({ username: 'elsewhere/d/?api-version=2021-04-12' })],
    ['with a user name that is none', () => ({ username: 'd' })],
    ['that is unknown', () => ({ id: 'nobody' })],
    ['that is an unknown module', () => ({ id: 'd/nobody' })],
  ])('%s', async (_what, options) => {
    expect(await connectCode(connectRaw(hub, device, options()))).toBe(5);
  });

  test('while it is disabled, modules and all', async () => {
    const off = await hub.createDevice('off');
    await hub.registry().addModule({ deviceId: 'off', moduleId: 'm' });
    const { responseBody: module } = await hub.registry().getModule('off', 'm');
    const { responseBody: identity } = await hub.registry().get('off');
    await hub.registry().update(Object.assign(identity, { status: 'disabled' as const }));
    expect(await connectCode(connectRaw(hub, off))).toBe(5);
    const key = module.authentication?.symmetricKey?.primaryKey ?? '';
    expect(await connectCode(connectRaw(hub, { ...off, key }, { id: 'off/m' }))).toBe(5);
  });

  test('with a token though it is to show a certificate', async () => {
    await hub.registry().create({
      deviceId: 'thumb',
      authentication: { x509Thumbprint: { primaryThumbprint: 'ab'.repeat(20) } },
    });
    expect(await connectCode(connectRaw(hub, { ...device, deviceId: 'thumb' }))).toBe(5);
  });

  test('with MQTT 5 the code is 1: another protocol version', async () => {
    expect(await connectCode(connectRaw(hub, device, { protocolVersion: 5 }))).toBe(1);
  });
});

describe('the user name', () => {
  test.each([
    ['with parameters behind the ids', '/?api-version=2021-04-12&DeviceClientType=x%2F1'],
    ['without the question mark', '/api-version=2021-04-12'],
    ['with an unencoded model id', '/?api-version=2021-04-12&model-id=dtmi:a:b;1'],
    ['with a stray %', '/?api-version=2021-04-12&x=%zz'],
  ])('%s is read', async (_what, parameters) => {
    expect(await connectCode(connectRaw(hub, device, { parameters }))).toBe(0);
  });

  test('announces the model, which stands in the twin from then on', async () => {
    const parameters = '/?api-version=2021-04-12&model-id=dtmi%3Acom%3Aexample%3BThing%3B1';
    const client = await connectRaw(hub, other, { parameters });
    const { responseBody } = await hub.registry().getTwin('other');
    expect(responseBody.modelId).toBe('dtmi:com:example;Thing;1');
    await client.endAsync();
  });
});

describe('one connection a device', () => {
  // 3.4: "a new successful CONNECT for the same device/module closes the older one"
  test('a later one ends the earlier one', async () => {
    const first = await connectRaw(hub, device);
    const ended = closed(first);
    const second = await connectRaw(hub, device);
    await ended;
    expect((await hub.registry().getTwin('d')).responseBody).toMatchObject({ deviceId: 'd' });
    expect(second.connected).toBe(true);
    await second.endAsync();
  });

  test('a refused one does not', async () => {
    const first = await connectRaw(hub, device);
    expect(await connectCode(connectRaw(hub, device, { password: 'wrong' }))).toBe(5);
    await first.publishAsync('devices/d/messages/events/', 'still here', { qos: 1 });
    await first.endAsync();
  });

  test('a device and its module do not disturb each other', async () => {
    await hub.registry().addModule({ deviceId: 'd', moduleId: 'm' });
    const { responseBody } = await hub.registry().getModule('d', 'm');
    const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    const own = await connectRaw(hub, device);
    const module = await connectRaw(hub, { ...device, key }, { id: 'd/m' });
    await own.publishAsync('devices/d/messages/events/', 'x', { qos: 1 });
    await module.publishAsync('devices/d/modules/m/messages/events/', 'x', { qos: 1 });
    await own.endAsync();
    await module.endAsync();
  });

  test('of twenty at once one is left, and the hub says Connected', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => connectRaw(hub, device).catch(() => undefined)));
    const { body } = await twin('d');
    expect(body.connectionState).toBe('Connected');
    for (const client of all) await client?.endAsync(true);
  });
});

describe('an identity that changes', () => {
  test.each([
    [
      'disabled',
      async () => {
        const { responseBody } = await hub.registry().get('changing');
        await hub.registry().update(Object.assign(responseBody, { status: 'disabled' as const }));
      },
    ],
    ['deleted', () => hub.registry().delete('changing')],
    ['disabled in a batch', () => hub.registry().updateDevices([{ deviceId: 'changing', status: 'disabled' }], true)],
    ['deleted in a batch', () => hub.registry().removeDevices([{ deviceId: 'changing' }], true)],
  ])('to %s ends the connections of the device and its modules at once', async (_what, change) => {
    await hub
      .registry()
      .delete('changing')
      .catch(() => undefined);
    const changing = await hub.createDevice('changing');
    await hub.registry().addModule({ deviceId: 'changing', moduleId: 'm' });
    const { responseBody } = await hub.registry().getModule('changing', 'm');
    const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    const own = await connectRaw(hub, changing);
    const module = await connectRaw(hub, { ...changing, key }, { id: 'changing/m' });
    const ended = Promise.all([closed(own), closed(module)]);
    await change();
    await ended;
    expect(await connectCode(connectRaw(hub, changing))).toBe(5);
  });

  test('with a removed module ends that module’s connection alone', async () => {
    const host = await hub.createDevice('host');
    await hub.registry().addModule({ deviceId: 'host', moduleId: 'm' });
    const { responseBody } = await hub.registry().getModule('host', 'm');
    const own = await connectRaw(hub, host);
    const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    const module = await connectRaw(hub, { ...host, key }, { id: 'host/m' });
    const ended = closed(module);
    await hub.registry().removeModule('host', 'm');
    await ended;
    await own.publishAsync('devices/host/messages/events/', 'x', { qos: 1 });
    await own.endAsync();
  });

  test('a connect that races with a deletion leaves nobody connected to nothing', async () => {
    for (let round = 0; round < 10; round += 1) {
      const racer = await hub.createDevice('racer');
      const connecting = connectRaw(hub, racer).catch(() => undefined);
      await hub.registry().delete('racer');
      const client = await connecting;
      if (client !== undefined) await closed(client);
      expect(hub.server.hub.connections.find({ deviceId: 'racer' })).toBeUndefined();
    }
  });
});

describe('silence', () => {
  // [MQTT-3.1.2-24]: one and a half times the keep-alive
  test('longer than one and a half keep-alives ends the connection', async () => {
    const client = await connectRaw(hub, device, { keepalive: 1, reschedulePings: false, protocolVersion: 4 });
    Reflect.set(client, 'sendPing', () => undefined);
    const began = Date.now();
    await closed(client);
    expect(Date.now() - began).toBeGreaterThan(1000);
  });

  test('broken by pings does not', async () => {
    const client = await connectRaw(hub, device, { keepalive: 1 });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(client.connected).toBe(true);
    await client.endAsync();
  });
});

describe('bytes that are no MQTT', () => {
  test.each([
    ['an HTTP request', `GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ${'x'.repeat(60)}\r\n\r\n`],
    ['a PUBLISH before CONNECT', '\x30\x03\x00\x01a'],
    ['a packet type 15', '\xf0\x00'],
    ['a length of five bytes', '\x10\xff\xff\xff\xff\x7f'],
  ])('%s: the connection ends, the hub goes on', async (_what, bytes) => {
    const socket = connectTls({ host: 'localhost', port: hub.server.ports.mqtt, ca: hub.ca });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    socket.resume();
    const ended = once(socket, 'close');
    socket.write(Buffer.from(bytes, 'latin1'));
    await ended;
    expect(await connectCode(connectRaw(hub, device))).toBe(0);
  });
});

test('connection state and activity stand in the identity and the twin', async () => {
  const watched = await hub.createDevice('watched');
  expect((await twin('watched')).body.lastActivityTime).toBe('0001-01-01T00:00:00Z');
  const client = await openDevice(hub, watched);
  const { responseBody: connected } = await hub.registry().get('watched');
  expect(connected).toMatchObject({ connectionState: 'Connected' });
  await client.close();
  await expect.poll(async () => (await twin('watched')).body.connectionState).toBe('Disconnected');
  const { responseBody: away } = await hub.registry().get('watched');
  expect(Date.parse(String(Reflect.get(away, 'lastActivityTime')))).toBeGreaterThan(Date.now() - 60_000);
});

function twin(deviceId: string): ReturnType<typeof rest> {
  return rest(hub, 'GET', `/twins/${deviceId}`);
}
