import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rest } from '../../../support/rest.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { refusal } from '../../sdk-refusal.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
  await hub.registry().create({ deviceId: 'host' });
});
afterAll(() => hub.close());

// service-protocol.md, 4.5
describe('modules', () => {
  test('are shown with every member in the service’s order, without status and without an ETag header', async () => {
    const { status, body, headers } = await rest(hub, 'PUT', '/devices/host/modules/full', {
      body: { deviceId: 'host', moduleId: 'full' },
    });
    expect(status).toBe(200);
    expect(headers.etag).toBeUndefined();
    expect(Object.keys(body)).toEqual([
      'moduleId',
      'managedBy',
      'deviceId',
      'generationId',
      'etag',
      'connectionState',
      'connectionStateUpdatedTime',
      'lastActivityTime',
      'cloudToDeviceMessageCount',
      'authentication',
    ]);
  });

  test('live from creation over update to removal by the SDK', async () => {
    const registry = hub.registry();
    await registry.addModule({ deviceId: 'host', moduleId: 'm', managedBy: 'me' });
    const { responseBody: module } = await registry.getModule('host', 'm');
    await registry.updateModule({ ...module, managedBy: 'you' });
    expect((await refusal(registry.updateModule({ ...module, managedBy: 'them' }))).name).toBe('InvalidEtagError');
    await registry.updateModule({ deviceId: 'host', moduleId: 'm', managedBy: 'they' }, true);
    expect((await registry.getModule('host', 'm')).responseBody.managedBy).toBe('they');
    const ids = (await registry.getModulesOnDevice('host')).responseBody.map(({ moduleId }) => moduleId);
    expect(ids).toEqual(['full', 'm']);
    await registry.removeModule('host', 'm');
    expect((await refusal(registry.getModule('host', 'm'))).code).toBe('ModuleNotFound');
  });

  test.each([
    ['of an unknown device', () => hub.registry().getModule('nobody', 'm'), 'DeviceNotFound'],
    ['that is unknown', () => hub.registry().getModule('host', 'nobody'), 'ModuleNotFound'],
    ['of an unknown device in a list', () => hub.registry().getModulesOnDevice('nobody'), 'DeviceNotFound'],
    [
      'created on an unknown device',
      () => hub.registry().addModule({ deviceId: 'nobody', moduleId: 'm' }),
      'DeviceNotFound',
    ],
    ['with a bad id', () => hub.registry().addModule({ deviceId: 'host', moduleId: 'a b' }), 'ArgumentInvalid'],
    ['removed though unknown', () => hub.registry().removeModule('host', 'nobody'), 'ModuleNotFound'],
    ['whose twin is unknown', () => hub.registry().getModuleTwin('host', 'nobody'), 'ModuleNotFound'],
  ])('%s are refused', async (_what, call, code) => {
    expect((await refusal(call())).code).toBe(code);
  });

  test('a second one of the same id is a conflict', async () => {
    await hub.registry().addModule({ deviceId: 'host', moduleId: 'twice' });
    expect(await refusal(hub.registry().addModule({ deviceId: 'host', moduleId: 'twice' }))).toMatchObject({
      name: 'DeviceAlreadyExistsError',
      code: 'ModuleAlreadyExistsOnDevice',
    });
  });

  test('have twins of their own, whose sections begin at the never-set time', async () => {
    await hub.registry().addModule({ deviceId: 'host', moduleId: 'twin' });
    const { body } = await rest(hub, 'GET', '/twins/host/modules/twin');
    expect(body).toMatchObject({ deviceId: 'host', moduleId: 'twin', version: 2 });
    expect(body).not.toHaveProperty('capabilities');
    expect(body.properties.desired.$metadata.$lastUpdated).toBe('0001-01-01T00:00:00Z');
    await hub.registry().updateModuleTwin('host', 'twin', { properties: { desired: { a: 1 } } }, '*');
    const query = hub.registry().createQuery('SELECT * FROM devices.modules WHERE properties.desired.a = 1');
    expect((await query.nextAsTwin()).result.map(({ moduleId }) => moduleId)).toEqual(['twin']);
  });

  test('a device takes fifty, no more', async () => {
    await hub.registry().create({ deviceId: 'crowd' });
    for (let i = 0; i < 50; i += 1) await hub.registry().addModule({ deviceId: 'crowd', moduleId: `m${i}` });
    const { status, headers } = await rest(hub, 'PUT', '/devices/crowd/modules/m50', { body: {} });
    expect([status, headers['iothub-errorcode']]).toEqual([413, 'TooManyModulesOnDevice']);
  });
});
