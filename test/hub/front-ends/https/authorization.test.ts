import azureIotHub from 'azure-iothub';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rest } from '../../../support/rest.ts';
import { sasToken, startHub, type TestHub } from '../../../support/hub.ts';

let hub: TestHub;
let deviceKey: string;
beforeAll(async () => {
  hub = await startHub();
  deviceKey = (await hub.createDevice('d')).key;
});
afterAll(() => hub.close());

const soon = () => Math.floor(Date.now() / 1000) + 600;
const POLICIES = ['iothubowner', 'service', 'device', 'registryRead', 'registryReadWrite'] as const;

// service-protocol.md, 2.2: which policies open which door
describe.each([
  ['GET', '/devices', ['iothubowner', 'registryRead', 'registryReadWrite']],
  ['GET', '/devices/d', ['iothubowner', 'registryRead', 'registryReadWrite']],
  ['PUT', '/devices/d', ['iothubowner', 'registryReadWrite']],
  ['DELETE', '/devices/nobody', ['iothubowner', 'registryReadWrite']],
  ['POST', '/devices', ['iothubowner', 'registryReadWrite']],
  ['GET', '/devices/d/modules', ['iothubowner', 'registryRead', 'registryReadWrite']],
  ['PUT', '/devices/d/modules/m', ['iothubowner', 'registryReadWrite']],
  ['GET', '/statistics/devices', ['iothubowner', 'registryRead', 'registryReadWrite']],
  ['GET', '/statistics/service', ['iothubowner', 'registryRead', 'registryReadWrite']],
  ['GET', '/twins/d', ['iothubowner', 'service']],
  ['PATCH', '/twins/d', ['iothubowner', 'service']],
  ['POST', '/twins/d/methods', ['iothubowner', 'service']],
  ['POST', '/devices/query', ['iothubowner', 'service', 'registryRead', 'registryReadWrite']],
  ['GET', '/devices/d/modules/m', ['iothubowner', 'registryRead', 'registryReadWrite']],
  ['DELETE', '/devices/d/modules/nobody', ['iothubowner', 'registryReadWrite']],
  ['PUT', '/twins/d', ['iothubowner', 'service']],
  ['GET', '/digitaltwins/d', ['iothubowner', 'service']],
  ['PATCH', '/digitaltwins/d', ['iothubowner', 'service']],
  ['POST', '/digitaltwins/d/commands/x', ['iothubowner', 'service']],
  ['GET', '/jobs/v2/query', ['iothubowner', 'service', 'registryRead', 'registryReadWrite']],
  ['GET', '/jobs/v2/nobody', ['iothubowner', 'service', 'registryRead', 'registryReadWrite']],
  ['PUT', '/jobs/v2/j', ['iothubowner', 'service', 'registryReadWrite']],
  ['POST', '/jobs/v2/nobody/cancel', ['iothubowner', 'service', 'registryReadWrite']],
  ['POST', '/jobs/create', ['iothubowner', 'registryReadWrite']],
  ['GET', '/jobs', ['iothubowner', 'registryRead', 'registryReadWrite']],
  ['DELETE', '/jobs/nobody', ['iothubowner', 'registryReadWrite']],
  ['GET', '/configurations', ['iothubowner', 'service', 'registryRead', 'registryReadWrite']],
  ['PUT', '/configurations/c', ['iothubowner', 'registryReadWrite']],
  ['DELETE', '/configurations/nobody', ['iothubowner', 'registryReadWrite']],
  ['POST', '/configurations/testQueries', ['iothubowner', 'service', 'registryRead', 'registryReadWrite']],
  ['POST', '/devices/d/applyConfigurationContent', ['iothubowner', 'registryReadWrite']],
  ['POST', '/devices/d/messages/deviceBound', ['iothubowner', 'service']],
  ['DELETE', '/devices/d/commands', ['iothubowner', 'service']],
  ['GET', '/messages/serviceBound/feedback', ['iothubowner', 'service']],
  ['PUT', '/$tandem/certificates/x', ['iothubowner']],
  ['GET', '/$tandem/certificates', ['iothubowner']],
  ['POST', '/$tandem/clock', ['iothubowner']],
  ['GET', '/$tandem/clock', ['iothubowner']],
] as const)('%s %s', (method, path, allowed: readonly string[]) => {
  test.each(POLICIES)('by %s', async (policyName) => {
    const body = method === 'GET' ? {} : { body: {} };
    const { status, headers } = await rest(hub, method, path, { policyName, ...body });
    if (allowed.includes(policyName)) expect(status).not.toBe(401);
    else expect([status, headers['iothub-errorcode']]).toEqual([401, 'IotHubUnauthorized']);
  });

  test.each([
    ['without a header', () => null, 'IotHubUnauthorized'],
    ['with a word', () => 'Bearer abc', 'IotHubUnauthorizedAccess'],
    [
      'with an expired token',
      () => ownerToken({ expirySeconds: Math.floor(Date.now() / 1000) - 301 }),
      'IotHubUnauthorizedAccess',
    ],
    ['with another key', () => ownerToken({ key: Buffer.alloc(32).toString('base64') }), 'IotHubUnauthorizedAccess'],
    ['for another host', () => ownerToken({ resource: 'other.azure-devices.net' }), 'IotHubUnauthorizedAccess'],
    ['of an unknown policy', () => ownerToken({ policyName: 'nobody' }), 'IotHubUnauthorizedAccess'],
    [
      'of a device',
      () => sasToken({ resource: 'localhost/devices/d', key: deviceKey, expirySeconds: soon() }),
      'IotHubUnauthorizedAccess',
    ],
    ['with a scope beside the path', () => ownerToken({ resource: 'localhost/other' }), 'IotHubUnauthorizedAccess'],
  ])('%s', async (_what, authorization, code) => {
    const body = method === 'GET' ? {} : { body: {} };
    const { status, headers } = await rest(hub, method, path, { authorization: authorization(), ...body });
    expect([status, headers['iothub-errorcode']]).toEqual([401, code]);
  });
});

test('a token for a path opens what is below it, and nothing beside it', async () => {
  const authorization = ownerToken({ resource: 'localhost/devices/d' });
  expect((await rest(hub, 'GET', '/devices/d', { authorization })).status).toBe(200);
  expect((await rest(hub, 'GET', '/devices/d/modules', { authorization })).status).toBe(200);
  expect((await rest(hub, 'GET', '/devices/other', { authorization })).status).toBe(401);
  expect((await rest(hub, 'GET', '/devices', { authorization })).status).toBe(401);
});

test('a token of Microsoft Entra ID is refused by its name, not as a bad signature', async () => {
  const { status, body } = await rest(hub, 'GET', '/devices', { authorization: 'Bearer eyJ0eXAi.e30.x' });
  expect([status, body.Message]).toEqual([401, expect.stringContaining('Microsoft Entra ID')]);
  const client = azureIotHub.Client.fromTokenCredential('localhost', {
    getToken: () => Promise.resolve({ token: 'eyJ0eXAi.e30.x', expiresOnTimestamp: Date.now() + 3_600_000 }),
  });
  const invoked = hub.redirect(client).invokeDeviceMethod('d', { methodName: 'm', payload: {} });
  await expect(invoked).rejects.toMatchObject({ name: 'UnauthorizedError' });
});

test('the secondary key opens the same doors', async () => {
  const key = hub.server.hub.authorization.policy('iothubowner').secondaryKey;
  expect((await rest(hub, 'GET', '/devices', { authorization: ownerToken({ key }) })).status).toBe(200);
});

test('anybody may ask whether the hub is there', async () => {
  expect((await rest(hub, 'GET', '/health', { authorization: null, apiVersion: null })).status).toBe(200);
});

function ownerToken(changed: Partial<Parameters<typeof sasToken>[0]>): string {
  const key = hub.policyKey('iothubowner');
  return sasToken({ resource: 'localhost', key, expirySeconds: soon(), policyName: 'iothubowner', ...changed });
}
