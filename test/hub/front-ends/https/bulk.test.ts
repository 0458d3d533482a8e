import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rest } from '../../../support/rest.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { refusal } from '../../sdk-refusal.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

const bulk = (...items: object[]) => rest(hub, 'POST', '/devices', { body: items });
const OK = { isSuccessful: true, errors: [], warnings: [] };

// service-protocol.md, 4.6
describe('a batch', () => {
  test('creates, updates and removes devices by the SDK', async () => {
    const registry = hub.registry();
    const created = await registry.addDevices([{ deviceId: 'b1' }, { deviceId: 'b2' }]);
    expect(created.responseBody).toEqual(OK);
    const updated = await registry.updateDevices([{ deviceId: 'b1', status: 'disabled' }], true);
    expect(updated.responseBody).toEqual(OK);
    expect((await registry.get('b1')).responseBody.status).toBe('disabled');
    const { responseBody: b2 } = await registry.get('b2');
    expect((await registry.removeDevices([b2, { deviceId: 'b1' }], true)).responseBody).toEqual(OK);
    expect((await refusal(registry.get('b1'))).name).toBe('DeviceNotFoundError');
  });

  test('seeds twins: $version stays 1, the metadata has the never-set time', async () => {
    await bulk({ id: 'seeded', importMode: 'create', tags: { a: 1 }, properties: { desired: { b: { c: 2 } } } });
    const { body } = await rest(hub, 'GET', '/twins/seeded');
    expect(body).toMatchObject({ etag: 'AAAAAAAAAAE=', version: 2, tags: { a: 1 } });
    const stamp = { $lastUpdated: '0001-01-01T00:00:00Z', $lastUpdatedVersion: 1 };
    expect(body.properties.desired).toEqual({
      b: { c: 2 },
      $metadata: { ...stamp, b: { ...stamp, c: stamp } },
      $version: 1,
    });
  });

  test('applies what is valid and lists what is not', async () => {
    const { status, body } = await bulk({ id: 'good', importMode: 'create' }, { id: 'bad id', importMode: 'create' });
    expect(status).toBe(400);
    expect(body).toMatchObject({ isSuccessful: false, errors: [{ deviceId: 'bad id', errorCode: 'ArgumentInvalid' }] });
    expect((await rest(hub, 'GET', '/devices/good')).status).toBe(200);
  });

  test.each(['upsert', '__proto__', 'constructor'])(
    'an import mode that is none is refused: %s',
    async (importMode) => {
      const { status, body } = await bulk({ id: 'of-no-mode', importMode });
      expect(status).toBe(400);
      expect(body).toMatchObject({ errors: [{ deviceId: 'of-no-mode', errorCode: 'ArgumentInvalid' }] });
    },
  );

  test('the SDK turns a failure into ArgumentError with the result as body', async () => {
    await hub.registry().create({ deviceId: 'there' });
    const failed = await refusal(hub.registry().addDevices([{ deviceId: 'there' }]));
    expect(failed).toMatchObject({ name: 'ArgumentError', code: 'DeviceAlreadyExists' });
  });

  test('a device that stands in it twice is done neither time', async () => {
    const { body } = await bulk({ id: 'twice', importMode: 'create' }, { id: 'twice', importMode: 'create' });
    expect(body.errors.map(({ errorCode }: { errorCode: string }) => errorCode)).toEqual([
      'DeviceDefinedMultipleTimes',
      'DeviceDefinedMultipleTimes',
    ]);
    expect((await rest(hub, 'GET', '/devices/twice')).status).toBe(404);
  });

  test.each([
    ['updateIfMatchETag', 'eTag', 'PreconditionFailed'],
    ['deleteIfMatchEtag', 'etag', 'PreconditionFailed'],
  ])('%s with a stale %s fails, with * it does not', async (importMode, name, code) => {
    await bulk({ id: 'tagged', importMode: 'createOrUpdate' });
    expect((await bulk({ id: 'tagged', importMode, [name]: 'AAAA' })).body.errors[0].errorCode).toBe(code);
    expect((await bulk({ id: 'tagged', importMode, [name]: '*' })).body).toEqual(OK);
  });

  // 4.6: "deleteIfMatchETag without any etag succeeds [rec]"
  test('deleteIfMatchETag without etag succeeds', async () => {
    await bulk({ id: 'loose', importMode: 'create' });
    expect((await bulk({ id: 'loose', importMode: 'deleteIfMatchETag' })).body).toEqual(OK);
  });

  test('updateTwin patches the twin and tells nobody of an unknown one', async () => {
    await bulk({ id: 'twinned', importMode: 'create' });
    expect((await bulk({ id: 'twinned', importMode: 'UpdateTwin', tags: { x: 1 } })).body).toEqual(OK);
    expect((await rest(hub, 'GET', '/twins/twinned')).body).toMatchObject({ tags: { x: 1 }, etag: 'AAAAAAAAAAI=' });
    const { body } = await bulk({ id: 'stranger', importMode: 'updateTwin', tags: { x: 1 } });
    expect(body.errors[0]).toMatchObject({ deviceId: 'stranger', errorCode: 'DeviceNotFound' });
    const stale = await bulk({
      id: 'twinned',
      importMode: 'updateTwinIfMatchETag',
      twinETag: 'AAAAAAAAAAE=',
      tags: {},
    });
    expect(stale.body.errors[0].errorCode).toBe('PreconditionFailed');
  });

  test('modules are created, changed and removed beside their device', async () => {
    const created = await bulk(
      { id: 'host', importMode: 'create' },
      { id: 'host', moduleId: 'm1', importMode: 'create', tags: { a: 1 } },
    );
    expect(created.body).toEqual(OK);
    expect((await rest(hub, 'GET', '/twins/host/modules/m1')).body).toMatchObject({ moduleId: 'm1', tags: { a: 1 } });
    await bulk({ id: 'host', moduleId: 'm1', importMode: 'updateTwin', tags: { b: 2 } });
    expect((await rest(hub, 'GET', '/twins/host/modules/m1')).body.tags).toEqual({ a: 1, b: 2 });
    const again = await bulk({ id: 'host', moduleId: 'm1', importMode: 'create' });
    expect(again.body.errors[0]).toMatchObject({ moduleId: 'm1', errorCode: 'ModuleAlreadyExistsOnDevice' });
    expect((await bulk({ id: 'host', moduleId: 'm1', importMode: 'delete' })).body).toEqual(OK);
    expect((await rest(hub, 'GET', '/devices/host')).status).toBe(200);
    expect((await rest(hub, 'GET', '/devices/host/modules')).body).toEqual([]);
  });

  test('of more than 100 is TooManyDevices, of none or of no objects a wrong argument', async () => {
    const many = Array.from({ length: 101 }, (_, i) => ({ id: `n${i}` }));
    expect((await bulk(...many)).headers['iothub-errorcode']).toBe('TooManyDevices');
    for (const body of ['[]', '{}', '[1]', '""'])
      expect((await rest(hub, 'POST', '/devices', { body })).status).toBe(400);
  });

  test('an import mode that is none is named', async () => {
    const { body } = await bulk({ id: 'm', importMode: 'invent' });
    expect(body.errors[0].errorStatus).toContain("'invent'");
  });
});
