import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rest } from '../../../support/rest.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { refusal } from '../../sdk-refusal.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

let count = 0;
async function newTwin(): Promise<string> {
  const deviceId = `twin-${(count += 1)}`;
  await hub.registry().create({ deviceId });
  return deviceId;
}
const patch = (id: string, body: unknown, etag?: string) =>
  rest(hub, 'PATCH', `/twins/${id}`, { body, headers: etag === undefined ? {} : { 'If-Match': etag } });

// service-protocol.md, 5.1
describe('a twin', () => {
  test('has its members in the service’s order; tags only when there are any', async () => {
    const id = await newTwin();
    const { body, headers } = await rest(hub, 'GET', `/twins/${id}`);
    const members = ['deviceId', 'etag', 'deviceEtag', 'status', 'statusUpdateTime', 'connectionState'];
    members.push('lastActivityTime', 'cloudToDeviceMessageCount', 'authenticationType', 'x509Thumbprint');
    members.push('modelId', 'version', 'properties', 'capabilities');
    expect(Object.keys(body)).toEqual(members);
    expect(body).toMatchObject({ etag: 'AAAAAAAAAAE=', version: 2, modelId: '', authenticationType: 'sas' });
    expect(headers.etag).toBeUndefined();
    await patch(id, { tags: { a: 1 } });
    const { body: removed } = await patch(id, { tags: { a: null } });
    expect(removed).not.toHaveProperty('tags');
  });

  test('shows the identity’s etag and status', async () => {
    const id = await newTwin();
    const { responseBody } = await hub.registry().update({ deviceId: id, status: 'disabled', statusReason: 'why' });
    const { body } = await rest(hub, 'GET', `/twins/${id}`);
    expect(body).toMatchObject({
      deviceEtag: Reflect.get(responseBody, 'etag'),
      status: 'disabled',
      statusReason: 'why',
    });
  });
});

describe('changing a twin', () => {
  test('by the SDK’s Twin object goes with its etag', async () => {
    const id = await newTwin();
    const { responseBody: twin } = await hub.registry().getTwin(id);
    const { result: updated } = await twin.update({ tags: { a: 'b' } });
    expect(updated.tags).toEqual({ a: 'b' });
    expect((await refusal(twin.update({ tags: { a: 'c' } }))).name).toBe('none'); // the SDK took the new etag over
    await hub.registry().updateTwin(id, { tags: { a: 'd' } }, '*');
    expect(await refusal(twin.update({ tags: { a: 'e' } }))).toMatchObject({ name: 'InvalidEtagError' });
    await twin.get();
    expect(twin.tags).toEqual({ a: 'd' });
  });

  // 5.3
  test.each([
    [undefined, 200],
    ['*', 200],
    ['"*"', 200],
    ['"AAAAAAAAAAE="', 200],
    ['AAAAAAAAAAE=', 200],
    ['"AAAAAAAAAAI="', 412],
    ['"abc"', 412],
  ])('with If-Match %s: %d', async (etag, status) => {
    expect((await patch(await newTwin(), { tags: { a: 1 } }, etag)).status).toBe(status);
  });

  test('PUT replaces what it names, PATCH merges', async () => {
    const id = await newTwin();
    await patch(id, { tags: { a: 1, b: 2 }, properties: { desired: { x: { y: 1 }, z: 1 } } });
    const { body } = await rest(hub, 'PUT', `/twins/${id}`, {
      body: { properties: { desired: { x: { w: 2 } } } },
      headers: { 'If-Match': '*' },
    });
    expect(body.tags).toEqual({ a: 1, b: 2 });
    expect(body.properties.desired).toMatchObject({ x: { w: 2 }, $version: 3 });
    expect(body.properties.desired).not.toHaveProperty('z');
  });

  test.each([
    ['of an unknown device', () => hub.registry().updateTwin('nobody', {}, '*'), 'DeviceNotFound'],
    [
      'with a forbidden name',
      async () => hub.registry().updateTwin(await newTwin(), { tags: { 'a.b': 1 } }, '*'),
      'ArgumentInvalid',
    ],
    [
      'with tags that are a list',
      async () => hub.registry().updateTwin(await newTwin(), { tags: [] }, '*'),
      'ArgumentInvalid',
    ],
    [
      'with too many tags',
      async () =>
        hub
          .registry()
          .updateTwin(await newTwin(), { tags: { a: 'x'.repeat(4000), b: 'x'.repeat(4000), c: 'x'.repeat(400) } }, '*'),
      'ArgumentInvalid',
    ],
  ])('%s is refused and changes nothing', async (_what, call, code) => {
    expect((await refusal(call())).code).toBe(code);
  });

  test('a refused patch leaves all of the twin as it was', async () => {
    const id = await newTwin();
    const before = await rest(hub, 'GET', `/twins/${id}`);
    expect((await patch(id, { tags: { ok: 1 }, properties: { desired: { 'not ok': 1 } } })).status).toBe(400);
    expect((await rest(hub, 'GET', `/twins/${id}`)).body).toEqual(before.body);
  });

  test('of a hundred writers at once each one counts', async () => {
    const id = await newTwin();
    await Promise.all(Array.from({ length: 100 }, (_, i) => patch(id, { tags: { [`t${i}`]: i } })));
    const { body } = await rest(hub, 'GET', `/twins/${id}`);
    expect(Object.keys(body.tags)).toHaveLength(100);
    expect(body.version).toBe(102);
  });

  test('of writers with one etag one wins', async () => {
    const id = await newTwin();
    const all = await Promise.all(Array.from({ length: 10 }, (_, i) => patch(id, { tags: { i } }, '"AAAAAAAAAAE="')));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});
