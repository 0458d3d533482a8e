import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routesOf } from '../../src/hub/front-ends/https/https-front-end.ts';
import { ABSENT_ROUTES } from '../../src/hub/front-ends/https/routes/absent.ts';
import { TestAuthority, type IssuedCertificate } from '../support/device-certificates.ts';
import { sasToken, startHub, type TestDevice, type TestHub } from '../support/hub.ts';
import { rest, type RestOptions } from '../support/rest.ts';

/** Every operation that the hub's router knows, whoever adds one: nobody comes in without a good credential. */
let hub: TestHub;
let device: TestDevice;
let other: TestDevice;
let foreign: IssuedCertificate;
beforeAll(async () => {
  hub = await startHub();
  device = await hub.createDevice('d');
  other = await hub.createDevice('other');
  foreign = await (await TestAuthority.make('Elsewhere')).issue('d');
});
afterAll(() => hub.close());

const routes = routesOf({ stop: () => undefined, reset: () => Promise.resolve() });
const POLICIES = {
  iothubowner: ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'],
  service: ['ServiceConnect'],
  device: ['DeviceConnect'],
  registryRead: ['RegistryRead'],
  registryReadWrite: ['RegistryRead', 'RegistryWrite'],
} as const;
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

test('what is open to everybody tells no more than that a hub is there, and what it does not have', () => {
  const open = routes.filter(({ permissions }) => permissions === 'open');
  expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
    ['GET /health', ...ABSENT_ROUTES.map(({ method, path }) => `${method} ${path}`)].sort(),
  );
});

const serviceDoors = routes.filter(({ permissions }) => permissions !== 'open' && permissions !== 'device');

describe.each(serviceDoors)('$method $path', ({ method, path, permissions }) => {
  const ask = knock(method, path);

  test.each([
    ['nothing', () => ({ authorization: null })],
    ['an empty header', () => ({ authorization: '' })],
    ['an expired token', () => ({ authorization: policyToken({ expirySeconds: inAnHour() - 7300 }) })],
    ['a wrong key', () => ({ authorization: policyToken({ key: Buffer.alloc(32, 1).toString('base64') }) })],
    ['a token for another hub', () => ({ authorization: policyToken({ resource: 'elsewhere.azure-devices.net' }) })],
    ['a token for another path', () => ({ authorization: policyToken({ resource: 'localhost/elsewhere/d' }) })],
    ['the token of a device', () => ({ authorization: deviceToken(device) })],
    ['the token of another device', () => ({ authorization: deviceToken(other) })],
    ['a token signed by a device in the name of a policy', () => ({ authorization: policyToken({ key: device.key }) })],
    ['a foreign certificate', () => ({ authorization: null, certificate: foreign })],
  ])('refuses %s', async (_what, credential) => {
    expect(await ask(credential())).toBe(401);
  });

  const mayEnter = (policyName: string, held: readonly string[]): boolean =>
    typeof permissions === 'string' ? policyName === 'iothubowner' : permissions.some((one) => held.includes(one));
  const without = Object.entries(POLICIES).filter(([policyName, held]) => !mayEnter(policyName, held));

  test.each(without.map(([policyName]) => [policyName]))('refuses the policy %s', async (policyName) => {
    expect(await ask({ policyName })).toBe(401);
  });
});

const deviceDoors = routes.filter(({ permissions }) => permissions === 'device');

describe.each(deviceDoors)('$method $path', ({ method, path }) => {
  const ask = knock(method, path);

  test.each([
    ['nothing', () => ({ authorization: null })],
    ['an empty header', () => ({ authorization: '' })],
    ['an expired token', () => ({ authorization: deviceToken(device, { expirySeconds: inAnHour() - 7300 }) })],
    ['a wrong key', () => ({ authorization: deviceToken(device, { key: other.key }) })],
    ['a token for another hub', () => ({ authorization: deviceToken(device, { resource: 'elsewhere/devices/d' }) })],
    ['a token for the whole hub', () => ({ authorization: deviceToken(device, { resource: 'localhost' }) })],
    ['the token of another device', () => ({ authorization: deviceToken(other) })],
    ['a policy that may not connect devices', () => ({ policyName: 'service' })],
    ['a foreign certificate', () => ({ authorization: null, certificate: foreign })],
  ])('refuses %s', async (_what, credential) => {
    expect(await ask(credential())).toBe(401);
  });

  // As was seen of IoT Hub: device-protocol.md, 9
  test('refuses a device that is disabled, and one that is unknown, with 404', async () => {
    await rest(hub, 'PUT', '/devices/off', { body: { deviceId: 'off', status: 'disabled' } });
    const { body } = await rest(hub, 'GET', '/devices/off');
    const off = { deviceId: 'off', key: String(body.authentication.symmetricKey.primaryKey) };
    for (const absent of [off, { deviceId: 'nobody', key: device.key }]) {
      const door = knock(method, path.replace(':deviceId', absent.deviceId));
      expect(await door({ authorization: deviceToken(absent) })).toBe(404);
    }
  });
});

/** Asks at one door; resolves with the status. */
function knock(method: string, pattern: string): (credential: RestOptions) => Promise<number> {
  const path = pattern.replace(/:\w+/g, 'd');
  return async (credential) => {
    const { status } = await rest(hub, method, path, { ...credential, ...(method === 'GET' ? {} : { body: {} }) });
    return status;
  };
}

function policyToken(changes: { key?: string; resource?: string; expirySeconds?: number }): string {
  const key = hub.policyKey('iothubowner');
  return sasToken({ resource: 'localhost', key, expirySeconds: inAnHour(), policyName: 'iothubowner', ...changes });
}

function deviceToken(
  { deviceId, key }: { deviceId: string; key: string },
  changes: { key?: string; resource?: string; expirySeconds?: number } = {},
): string {
  return sasToken({ resource: `localhost/devices/${deviceId}`, key, expirySeconds: inAnHour(), ...changes });
}
