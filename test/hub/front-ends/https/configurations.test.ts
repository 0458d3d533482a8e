import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDevice, report } from '../../../support/device.ts';
import { rest } from '../../../support/rest.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { refusal } from '../../sdk-refusal.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());
beforeEach(() => hub.server.hub.reset());

const put = (id: string, body: object, etag?: string) =>
  rest(hub, 'PUT', `/configurations/${id}`, {
    body: { id, schemaVersion: '1.0', ...body },
    headers: etag === undefined ? {} : { 'If-Match': etag },
  });
const twinOf = async (path: string) => (await rest(hub, 'GET', `/twins/${path}`)).body;
const setting = (values: object) => ({ content: { deviceContent: { 'properties.desired': values } } });

// service-protocol.md, 9
describe('a configuration', () => {
  test('is shown with every member in the service’s order and its etag as a header', async () => {
    const { status, body, headers } = await put('first', { ...setting({ a: 1 }), targetCondition: "tags.x = 'y'" });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      'id',
      'schemaVersion',
      'labels',
      'content',
      'targetCondition',
      'createdTimeUtc',
      'lastUpdatedTimeUtc',
      'priority',
      'systemMetrics',
      'metrics',
      'etag',
    ]);
    expect(body).toMatchObject({
      labels: null,
      priority: 0,
      etag: 'MQ==',
      systemMetrics: {
        results: { targetedCount: 0, appliedCount: 0 },
        queries: {
          targetedCount: "select deviceId from devices where tags.x = 'y'",
          appliedCount: "select deviceId from devices where configurations.[[first]].status = 'Applied'",
        },
      },
      metrics: { results: {}, queries: {} },
    });
    expect(headers.etag).toBe('"MQ=="');
  });

  test('lives from creation over update to removal by the SDK', async () => {
    const registry = hub.registry();
    await registry.addConfiguration({ id: 'sdk', schemaVersion: '1.0', ...setting({ a: 1 }), priority: 3 });
    const { responseBody: configuration } = await registry.getConfiguration('sdk');
    expect(configuration).toMatchObject({ id: 'sdk', priority: 3, targetCondition: '' });
    await registry.updateConfiguration({ ...configuration, priority: 4 });
    expect((await refusal(registry.updateConfiguration({ ...configuration, priority: 5 }))).name).toBe(
      'InvalidEtagError',
    );
    await registry.updateConfiguration({ ...configuration, priority: 6 }, true);
    expect((await registry.getConfigurations()).responseBody).toMatchObject([{ id: 'sdk', priority: 6, etag: 'Mw==' }]);
    await registry.removeConfiguration('sdk');
    expect((await refusal(registry.getConfiguration('sdk'))).code).toBe('ConfigurationNotFound');
    expect((await refusal(registry.removeConfiguration('sdk'))).code).toBe('ConfigurationNotFound');
  });

  test.each([
    ['an id in capitals', 'Upper', {}, 'ArgumentInvalid'],
    ['an id of 129 characters', 'x'.repeat(129), {}, 'ArgumentInvalid'],
    ['no content', 'c', { content: undefined }, 'InvalidConfigurationContent'],
    [
      'content beside properties.desired',
      'c',
      { content: { deviceContent: { tags: {} } } },
      'InvalidConfigurationContent',
    ],
    ['content with a forbidden name', 'c', setting({ 'a b': 1 }), 'InvalidConfigurationContent'],
    ['content of two kinds', 'c', { content: { deviceContent: {}, moduleContent: {} } }, 'InvalidConfigurationContent'],
    ['a condition that is none', 'c', { targetCondition: 'tags =' }, 'InvalidConfigurationTargetCondition'],
    [
      'a condition on desired properties',
      'c',
      { targetCondition: 'properties.desired.a = 1' },
      'InvalidConfigurationTargetCondition',
    ],
    [
      'a condition on modules for devices',
      'c',
      { targetCondition: "FROM devices.modules WHERE moduleId = 'm'" },
      'InvalidConfigurationTargetCondition',
    ],
    ['a negative priority', 'c', { priority: -1 }, 'ArgumentInvalid'],
    [
      'a metric that is none',
      'c',
      { metrics: { queries: { m: 'select from devices where' } } },
      'InvalidConfigurationCustomMetricsQuery',
    ],
    [
      'six metrics',
      'c',
      { metrics: { queries: Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [n, 'select * from devices'])) } },
      'ArgumentInvalid',
    ],
    ['labels that are a list', 'c', { labels: [] }, 'ArgumentInvalid'],
  ])('with %s is refused', async (_what, id, body, code) => {
    const { status, headers } = await put(id, { ...setting({ a: 1 }), ...body });
    expect([status, headers['iothub-errorcode']]).toEqual([400, code]);
  });

  test('that exists cannot be made again; its content cannot be changed', async () => {
    await put('c', setting({ a: 1 }));
    expect((await put('c', setting({ a: 1 }))).headers['iothub-errorcode']).toBe('ConfigurationAlreadyExists');
    expect((await put('c', setting({ a: 1 }), '*')).status).toBe(200);
    expect((await put('c', setting({ a: 2 }), '*')).headers['iothub-errorcode']).toBe(
      'CannotModifyImmutableConfigurationContent',
    );
    expect((await put('nobody', setting({ a: 2 }), '*')).headers['iothub-errorcode']).toBe('ConfigurationNotFound');
  });

  test('is one of a hundred, no more', async () => {
    for (let i = 0; i < 100; i += 1) await put(`n${i}`, setting({ a: 1 }));
    expect((await put('n100', setting({ a: 1 }))).headers['iothub-errorcode']).toBe('ConfigurationCountLimitExceeded');
    expect((await rest(hub, 'GET', '/configurations?top=7')).body).toHaveLength(7);
  });
});

describe('a target', () => {
  // [rec]: "a device created while a * configuration existed had it applied at once: desired $version 2, etag 2"
  test('is set when it is created, and its metadata says by whom', async () => {
    await put('all', { ...setting({ chiller: { temperature: 38 } }), targetCondition: '*' });
    await hub.registry().create({ deviceId: 'd' });
    const twin = await twinOf('d');
    expect(twin).toMatchObject({ etag: 'AAAAAAAAAAI=', configurations: { all: { status: 'Applied' } } });
    expect(twin.properties.desired).toMatchObject({ chiller: { temperature: 38 }, $version: 2 });
    expect(twin.properties.desired.$metadata.chiller.temperature).toMatchObject({
      $lastUpdatedVersion: 2,
      $lastUpdatedBy: 'all',
      $lastUpdatedByDigest: expect.stringMatching(/^\d{18}$/),
    });
    expect(twin.properties.desired.$metadata.chiller).not.toHaveProperty('$lastUpdatedBy');
  });

  test('is set when the configuration comes, and counted', async () => {
    await hub.registry().addDevices([{ deviceId: 'a', tags: { x: 1 } }, { deviceId: 'b' }]);
    const { body } = await put('c', {
      ...setting({ s: 1 }),
      targetCondition: 'tags.x = 1',
      metrics: { queries: { set: 'select deviceId from devices where properties.desired.s = 1' } },
    });
    expect(body.systemMetrics.results).toEqual({ targetedCount: 1, appliedCount: 1 });
    expect(body.metrics.results).toEqual({ set: 1 });
    expect((await twinOf('a')).properties.desired).toMatchObject({ s: 1 });
    expect((await twinOf('b')).properties.desired).not.toHaveProperty('s');
  });

  test('enters and leaves the scope by its tags, its siblings untouched', async () => {
    await put('c', {
      content: { deviceContent: { 'properties.desired.net.wifi': { ssid: 'x' } } },
      targetCondition: 'tags.member = true',
    });
    await hub.registry().create({ deviceId: 'd' });
    await hub.registry().updateTwin('d', { properties: { desired: { net: { own: 1 } } } }, '*');
    await hub.registry().updateTwin('d', { tags: { member: true } }, '*');
    expect((await twinOf('d')).properties.desired.net).toEqual({ own: 1, wifi: { ssid: 'x' } });
    await hub.registry().updateTwin('d', { tags: { member: false } }, '*');
    const left = await twinOf('d');
    expect(left.properties.desired.net).toEqual({ own: 1 });
    expect(left).not.toHaveProperty('configurations');
  });

  test('enters the scope by what it reports, and is told', async () => {
    await put('c', { ...setting({ firmware: '2.0' }), targetCondition: "properties.reported.version = '1.0'" });
    const client = await openDevice(hub, await hub.createDevice('d'));
    const twin = await client.getTwin();
    const told = new Promise((resolve) => twin.on('properties.desired.firmware', resolve));
    await report(twin, { version: '1.0' });
    expect(await told).toBe('2.0');
    await report(twin, { version: '2.0' });
    await expect.poll(async () => (await twinOf('d')).properties.desired).not.toHaveProperty('firmware');
    await client.close();
  });

  // "higher wins, tie => later createdTimeUtc"
  test('of several gets the one of the highest priority, and the next when that one goes', async () => {
    await hub.registry().create({ deviceId: 'd' });
    await put('low', { ...setting({ a: { x: 1, only: 'low' } }), targetCondition: '*', priority: 1 });
    await put('high', { ...setting({ a: { x: 2 } }), targetCondition: '*', priority: 2 });
    let twin = await twinOf('d');
    expect(twin.properties.desired.a).toEqual({ x: 2 });
    expect(twin.configurations).toEqual({ low: { status: 'Targeted' }, high: { status: 'Applied' } });
    await put('low', { priority: 3, targetCondition: '*' }, '*');
    expect((await twinOf('d')).properties.desired.a).toEqual({ x: 1, only: 'low' });
    await rest(hub, 'DELETE', '/configurations/low');
    twin = await twinOf('d');
    expect(twin.properties.desired.a).toEqual({ x: 2 });
    expect(twin.configurations).toEqual({ high: { status: 'Applied' } });
    await rest(hub, 'DELETE', '/configurations/high');
    expect((await twinOf('d')).properties.desired).not.toHaveProperty('a');
  });

  test('of nobody is nobody', async () => {
    await hub.registry().create({ deviceId: 'd' });
    const { body } = await put('c', { ...setting({ a: 1 }), targetCondition: '' });
    expect(body.systemMetrics.queries.targetedCount).toBe('');
    expect(await twinOf('d')).not.toHaveProperty('configurations');
  });

  test('that has no room is targeted, not applied', async () => {
    await hub.registry().create({ deviceId: 'd' });
    const large = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`k${i}`, 'x'.repeat(4000)]));
    await hub.registry().updateTwin('d', { properties: { desired: large } }, '*');
    await put('c', { ...setting({ more: 'x'.repeat(4000) }), targetCondition: '*' });
    const twin = await twinOf('d');
    expect(twin.configurations).toEqual({ c: { status: 'Targeted' } });
    expect(twin.properties.desired).not.toHaveProperty('more');
  });

  test('is a module where the configuration is for modules', async () => {
    await hub.registry().create({ deviceId: 'd' });
    await put('m', {
      content: { moduleContent: { 'properties.desired.rate': 5 } },
      targetCondition: "FROM devices.modules WHERE moduleId = 'm'",
    });
    await hub.registry().addModule({ deviceId: 'd', moduleId: 'm' });
    await hub.registry().addModule({ deviceId: 'd', moduleId: 'n' });
    expect(await twinOf('d/modules/m')).toMatchObject({
      properties: { desired: { rate: 5 } },
      configurations: { m: { status: 'Applied' } },
    });
    expect(await twinOf('d/modules/n')).not.toHaveProperty('configurations');
    const { body } = await rest(hub, 'GET', '/configurations/m');
    expect(body.systemMetrics.results).toEqual({ targetedCount: 1, appliedCount: 1 });
  });
});

describe('edge devices', () => {
  const deployment = {
    content: {
      modulesContent: {
        $edgeAgent: { 'properties.desired': { modules: { sensor: { version: '1.0' } } } },
        sensor: { 'properties.desired': { rate: 10 } },
      },
    },
  };

  test('get the modules of a deployment, with their settings', async () => {
    await hub.registry().create({ deviceId: 'leaf' });
    await hub.registry().create({ deviceId: 'edge', capabilities: { iotEdge: true } });
    const { body } = await put('d', { ...deployment, targetCondition: '*' });
    expect(body.systemMetrics.results).toEqual({
      targetedCount: 1,
      appliedCount: 1,
      reportedSuccessfulCount: 0,
      reportedFailedCount: 0,
    });
    expect((await twinOf('edge')).configurations).toEqual({ d: { status: 'Applied' } });
    expect(await twinOf('edge/modules/sensor')).toMatchObject({ properties: { desired: { rate: 10 } } });
    expect(await twinOf('edge/modules/$edgeAgent')).toMatchObject({
      properties: { desired: { modules: { sensor: { version: '1.0' } } } },
      configurations: { d: { status: 'Applied' } },
    });
    expect(await twinOf('leaf')).not.toHaveProperty('configurations');
    await rest(hub, 'DELETE', '/configurations/d');
    const agent = await twinOf('edge/modules/$edgeAgent');
    expect(agent.properties.desired).not.toHaveProperty('modules');
    expect(agent).not.toHaveProperty('configurations');
  });

  test('take content one by one; others refuse it', async () => {
    await hub.registry().create({ deviceId: 'leaf' });
    await hub.registry().create({ deviceId: 'edge', capabilities: { iotEdge: true } });
    await hub.registry().applyConfigurationContentOnDevice('edge', deployment.content);
    expect(await twinOf('edge/modules/sensor')).toMatchObject({ properties: { desired: { rate: 10 } } });
    const other = { modulesContent: { sensor: { 'properties.desired': { other: 1 } } } };
    expect((await rest(hub, 'POST', '/devices/edge/applyConfigurationContent', { body: other })).status).toBe(204);
    expect((await twinOf('edge/modules/sensor')).properties.desired).not.toHaveProperty('rate');
    const apply = (id: string, content: object) =>
      refusal(hub.registry().applyConfigurationContentOnDevice(id, content));
    expect((await apply('leaf', deployment.content)).name).toBe('ArgumentError');
    expect((await apply('nobody', deployment.content)).code).toBe('DeviceNotFound');
    expect((await apply('edge', { deviceContent: {} })).code).toBe('InvalidConfigurationContent');
  });
});

test('testQueries says what is wrong, and keeps nothing', async () => {
  const { body } = await rest(hub, 'POST', '/configurations/testQueries', {
    body: { targetCondition: 'tags = = 1', customMetricQueries: { good: 'select * from devices', bad: 'select from' } },
  });
  expect(body.targetConditionError).toMatch(/column/);
  expect(Object.keys(body.customMetricQueryErrors)).toEqual(['bad']);
  const fine = await rest(hub, 'POST', '/configurations/testQueries', { body: { targetCondition: "tags.a = 'b'" } });
  expect(fine.body).toEqual({ targetConditionError: null, customMetricQueryErrors: {} });
  expect((await rest(hub, 'GET', '/configurations')).body).toEqual([]);
});

test('a configuration that means many devices is applied and taken back while others are served', async () => {
  await using own = await startHub();
  const ids = Array.from({ length: 2000 }, (_, i) => `many-${i}`);
  for (let start = 0; start < ids.length; start += 100) {
    await own.registry().addDevices(ids.slice(start, start + 100).map((deviceId) => ({ deviceId })));
  }
  const { configurations, twins } = own.server.hub;
  await own.createDevice('other');
  const servedDuring = async (work: Promise<unknown>): Promise<number> => {
    const state = { isOver: false, served: 0 };
    const over = work.finally(() => (state.isOver = true));
    for (; !state.isOver; state.served += 1) await twins.patch({ deviceId: 'other' }, { tags: {} }, { kind: 'any' });
    await over;
    return state.served;
  };
  const body = { id: 'c', content: { deviceContent: { 'properties.desired.x': 1 } }, targetCondition: '*' };
  expect(await servedDuring(configurations.put('c', body, { kind: 'none' }))).toBeGreaterThan(3);
  const queryText = 'SELECT * FROM devices WHERE properties.desired.x = 1';
  const count = async () => (await own.registry().createQuery(queryText, 5000).nextAsTwin()).result.length;
  expect(await count()).toBeGreaterThan(0);
  expect(configurations.document('c')['systemMetrics']).toMatchObject({ results: { appliedCount: 2001 } });
  expect(await servedDuring(configurations.delete('c', { kind: 'any' }))).toBeGreaterThan(3);
  expect(await count()).toBe(0);
  expect(() => configurations.document('c')).toThrow();
});
