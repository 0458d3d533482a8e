import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rest } from '../../../support/rest.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { refusal } from '../../sdk-refusal.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

const put = (id: string, body: object, etag?: string) =>
  rest(hub, 'PUT', `/devices/${encodeURIComponent(id)}`, {
    body: { deviceId: id, ...body },
    headers: etag === undefined ? {} : { 'If-Match': etag },
  });

describe('creating a device', () => {
  // service-protocol.md, 4.1
  test('answers 200 with every member in the service’s order, and the etag as a header', async () => {
    const { status, body, headers } = await put('full', {});
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      'deviceId',
      'generationId',
      'etag',
      'connectionState',
      'status',
      'statusReason',
      'connectionStateUpdatedTime',
      'statusUpdatedTime',
      'lastActivityTime',
      'cloudToDeviceMessageCount',
      'authentication',
      'capabilities',
      'parentScopes',
    ]);
    expect(body).toMatchObject({ status: 'enabled', statusReason: null, connectionState: 'Disconnected' });
    expect(body.generationId).toMatch(/^\d{18}$/);
    expect(Buffer.from(body.etag, 'base64').toString()).toMatch(/^\d+$/);
    expect(headers.etag).toBe(`"${body.etag}"`);
    expect(Buffer.from(body.authentication.symmetricKey.primaryKey, 'base64')).toHaveLength(32);
    expect(body.authentication.x509Thumbprint).toEqual({ primaryThumbprint: null, secondaryThumbprint: null });
  });

  test('a second one of the same id is a conflict', async () => {
    await hub.registry().create({ deviceId: 'twice' });
    expect(await refusal(hub.registry().create({ deviceId: 'twice' }))).toMatchObject({
      name: 'DeviceAlreadyExistsError',
      code: 'DeviceAlreadyExists',
    });
  });

  // 4.1: "ASCII letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ '"
  test.each([["a-:.+%_#*?!(),=@;$'Z9"], ['x'.repeat(128)], ['50%25'], ['..x']])('%j is an id', async (deviceId) => {
    await hub.registry().create({ deviceId });
    const { responseBody } = await hub.registry().get(deviceId);
    expect(responseBody.deviceId).toBe(deviceId);
    expect((await hub.registry().getTwin(deviceId)).responseBody.deviceId).toBe(deviceId);
    await hub.registry().delete(deviceId);
  });

  test.each([['a b'], ['a/b'], ['ä'], ['x'.repeat(129)], ['a"b'], ['a\\b']])('%j is none', async (deviceId) => {
    expect(await refusal(hub.registry().create({ deviceId }))).toMatchObject({ code: 'ArgumentInvalid' });
  });

  test('ids differ in case', async () => {
    await hub.registry().create({ deviceId: 'case' });
    await hub.registry().create({ deviceId: 'CASE' });
    expect((await hub.registry().get('CASE')).responseBody.deviceId).toBe('CASE');
  });

  // 4.2
  test.each([
    ['a key that is no base64', { symmetricKey: { primaryKey: '§§§', secondaryKey: '' } }],
    ['a key of 8 bytes', { symmetricKey: { primaryKey: Buffer.alloc(8).toString('base64'), secondaryKey: '' } }],
    ['a key of 65 bytes', { symmetricKey: { primaryKey: Buffer.alloc(65).toString('base64') } }],
    ['a type that is none', { type: 'magic' }],
    ['a thumbprint of 39 digits', { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: 'A'.repeat(39) } }],
    ['selfSigned without thumbprint', { type: 'selfSigned' }],
  ])('%s is refused', async (_what, authentication) => {
    expect((await put('refused', { authentication })).body.Message).toMatch(/^ErrorCode:ArgumentInvalid;/);
  });

  test('keys that the caller chose are kept', async () => {
    const primaryKey = Buffer.alloc(16, 1).toString('base64');
    const { body } = await put('own-keys', { authentication: { type: 'sas', symmetricKey: { primaryKey } } });
    expect(body.authentication.symmetricKey.primaryKey).toBe(primaryKey);
    expect(body.authentication.symmetricKey.secondaryKey).toHaveLength(44);
  });

  test('a thumbprint without a type makes it selfSigned, keys are then null', async () => {
    const { responseBody } = await hub.registry().create({
      deviceId: 'thumb',
      authentication: { x509Thumbprint: { primaryThumbprint: 'ab'.repeat(20), secondaryThumbprint: '' } },
    });
    expect(responseBody.authentication).toMatchObject({
      type: 'selfSigned',
      symmetricKey: { primaryKey: null, secondaryKey: null },
      x509Thumbprint: { primaryThumbprint: 'ab'.repeat(20) },
    });
  });

  test('a body that speaks of another device is refused', async () => {
    const { status, body } = await rest(hub, 'PUT', '/devices/one', { body: { deviceId: 'two' } });
    expect([status, body.Message.split(';')[0]]).toEqual([400, 'ErrorCode:ArgumentInvalid']);
  });

  test.each([['not json'], ['[1]'], ['null'], ['']])('the body %j is refused', async (body) => {
    expect((await rest(hub, 'PUT', '/devices/one', { body })).status).toBe(400);
  });

  // 4.5: "Edge devices get $edgeAgent and $edgeHub automatically"
  test('an edge device has a scope of its own and its two system modules', async () => {
    const { body } = await put('edge', { capabilities: { iotEdge: true } });
    expect(body.deviceScope).toMatch(/^ms-azure-iot-edge:\/\/edge-\d{18}$/);
    const { responseBody } = await hub.registry().getModulesOnDevice('edge');
    expect(responseBody.map(({ moduleId }) => moduleId)).toEqual(['$edgeAgent', '$edgeHub']);
    const leaf = await put('leaf', { deviceScope: body.deviceScope });
    expect(leaf.body.deviceScope).toBe(body.deviceScope);
  });

  // 4.3: "A bad deviceScope on a leaf is refused [live]"
  test('a scope of no edge device is refused', async () => {
    const { status, body } = await put('leaf2', { deviceScope: 'ms-azure-iot-edge://nobody-1' });
    expect([status, body.Message.split(';')[0]]).toEqual([400, 'ErrorCode:InvalidDeviceScope']);
  });
});

describe('updating a device', () => {
  // 4.3, the table
  test('needs an etag or a star; a stale etag is refused', async () => {
    const { body } = await put('etags', {});
    expect((await put('etags', {})).status).toBe(409);
    expect((await put('etags', {}, '""')).status).toBe(409);
    expect((await put('etags', {}, `"${body.etag}"`)).status).toBe(200);
    expect((await put('etags', {}, `"${body.etag}"`)).status).toBe(412);
    for (const star of ['*', '"*"']) expect((await put('etags', {}, star)).status).toBe(200);
    const { body: now } = await rest(hub, 'GET', '/devices/etags');
    expect((await put('etags', {}, now.etag)).status).toBe(200);
    const { body: later } = await rest(hub, 'GET', '/devices/etags');
    expect((await put('etags', {}, `W/"${later.etag}"`)).status).toBe(200);
  });

  test('the etag counts by one', async () => {
    const counter = (etag: string) => Number(Buffer.from(etag, 'base64').toString());
    const { body: first } = await put('counted', {});
    const { body: second } = await put('counted', {}, '*');
    expect(counter(second.etag)).toBe(counter(first.etag) + 1);
  });

  test('of an unknown one is DeviceNotFound', async () => {
    expect(await refusal(hub.registry().update({ deviceId: 'unknown' }))).toMatchObject({
      name: 'DeviceNotFoundError',
    });
  });

  // 4.1: "statusUpdatedTime moves only when status changes"
  test('moves statusUpdatedTime only with the status', async () => {
    const { body: first } = await put('status', {});
    const { body: same } = await put('status', { statusReason: 'still on' }, '*');
    const { body: off } = await put('status', { status: 'Disabled', statusReason: 'broken' }, '*');
    expect(same.statusUpdatedTime).toBe(first.statusUpdatedTime);
    expect(off).toMatchObject({ status: 'disabled', statusReason: 'broken' });
    expect(off.statusUpdatedTime > first.statusUpdatedTime).toBe(true);
  });

  // sdk-traps.md, 12
  test('as the SDK sends it makes new keys unless they are written back', async () => {
    const { responseBody: device } = await hub.registry().create({ deviceId: 'keys' });
    const kept = (await hub.registry().update(Object.assign(device, { status: 'disabled' as const }))).responseBody;
    expect(kept.authentication).toEqual(device.authentication);
    const anew = (await hub.registry().update({ deviceId: 'keys', status: 'enabled' })).responseBody;
    expect(anew.authentication?.symmetricKey?.primaryKey).not.toBe(device.authentication?.symmetricKey?.primaryKey);
  });
});

describe('deleting a device', () => {
  test('takes an etag, a star or nothing; a stale one is refused', async () => {
    const { body } = await put('gone', {});
    const remove = (headers: Record<string, string>) => rest(hub, 'DELETE', '/devices/gone', { headers });
    expect((await remove({ 'If-Match': '"AAAA"' })).status).toBe(412);
    expect((await remove({ 'If-Match': `"${body.etag}"` })).status).toBe(204);
    expect((await remove({ 'If-Match': '*' })).body.Message).toMatch(/^ErrorCode:DeviceNotFound;/);
    await put('gone', {});
    expect((await remove({})).status).toBe(204);
  });

  test('takes its modules and twins along; one that comes again has nothing of the old', async () => {
    const registry = hub.registry();
    const { responseBody: before } = await registry.create({ deviceId: 'phoenix' });
    await registry.addModule({ deviceId: 'phoenix', moduleId: 'm' });
    await registry.updateTwin('phoenix', { tags: { old: true } }, '*');
    await registry.delete('phoenix');
    expect((await refusal(registry.getTwin('phoenix'))).name).toBe('DeviceNotFoundError');
    expect((await refusal(registry.getModule('phoenix', 'm'))).code).toBe('DeviceNotFound');
    const { responseBody: after } = await registry.create({ deviceId: 'phoenix' });
    expect(String(Reflect.get(after, 'generationId')) > String(Reflect.get(before, 'generationId'))).toBe(true);
    expect((await rest(hub, 'GET', '/twins/phoenix')).body).not.toHaveProperty('tags');
    expect((await registry.getModulesOnDevice('phoenix')).responseBody).toEqual([]);
  });
});

describe('reading the registry', () => {
  test('an unknown device is DeviceNotFoundError', async () => {
    expect(await refusal(hub.registry().get('nobody'))).toMatchObject({ name: 'DeviceNotFoundError' });
  });

  // 4.4: "top outside 1-1000 or absent => 1000"
  test('lists devices, as many as asked for', async () => {
    const { responseBody } = await hub.registry().list();
    expect(responseBody.length).toBeGreaterThan(3);
    expect((await rest(hub, 'GET', '/devices?top=2')).body).toHaveLength(2);
    for (const top of ['0', '-1', '1001', 'x']) {
      expect((await rest(hub, 'GET', `/devices?top=${top}`)).body).toHaveLength(responseBody.length);
    }
  });

  test('counts devices', async () => {
    await hub.registry().create({ deviceId: 'off', status: 'disabled' });
    const { body: statistics } = await rest(hub, 'GET', '/statistics/devices');
    expect((await hub.registry().getRegistryStatistics()).responseBody).toEqual(statistics);
    const total = (await hub.registry().list()).responseBody.length;
    expect(statistics.totalDeviceCount).toBe(total);
    expect(statistics.enabledDeviceCount).toBe(total - Number(statistics.disabledDeviceCount));
    expect(statistics.disabledDeviceCount).toBeGreaterThan(0);
    expect((await rest(hub, 'GET', '/statistics/service')).body).toEqual({ connectedDeviceCount: 0 });
  });
});

describe('every answer', () => {
  // 1: "Response headers"
  test('has the service’s headers; an error names its code and the request', async () => {
    const { headers, body } = await rest(hub, 'GET', '/devices/nobody');
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      vary: 'Origin',
      'iothub-errorcode': 'DeviceNotFound',
    });
    const requestId = String(headers['x-ms-request-id']);
    expect(body.ExceptionMessage).toMatch(
      new RegExp(
        `^Tracking ID:${requestId.replaceAll('-', '')}-G:\\d-TimeStamp:\\d\\d/\\d\\d/\\d{4} \\d\\d:\\d\\d:\\d\\d$`,
      ),
    );
  });

  test.each([[null], ['2099'], ['latest']])('needs an api-version: %j is refused', async (apiVersion) => {
    const { status, headers } = await rest(hub, 'GET', '/devices', { apiVersion });
    expect([status, headers['iothub-errorcode']]).toEqual([400, 'InvalidProtocolVersion']);
  });

  test.each([['2016-02-03'], ['2020-03-13'], ['2020-05-31-preview'], ['2021-04-12']])(
    'comes to a client of %s',
    async (apiVersion) => expect((await rest(hub, 'GET', '/devices', { apiVersion })).status).toBe(200),
  );

  test('paths are found in any case, with and without a slash at the end', async () => {
    expect((await rest(hub, 'GET', '/Devices/')).status).toBe(200);
    expect((await rest(hub, 'GET', '/STATISTICS/devices')).status).toBe(200);
  });

  test('a path that is no operation is named', async () => {
    const { status, body } = await rest(hub, 'GET', '/nonsense');
    expect(status).toBe(404);
    expect(body.Message).toContain('GET /nonsense');
  });

  test('a path that is no percent-encoding is refused, not a fault', async () => {
    expect((await rest(hub, 'GET', '/devices/%zz')).status).toBe(400);
  });
});
