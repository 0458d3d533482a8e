/** Everything a hub has acknowledged is there again after it was killed between arrange and act. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectAsync, type MqttClient } from 'mqtt';
import { TestAuthority } from '../support/device-certificates.ts';
import { sasToken } from '../support/hub.ts';
import { HubHome, type KillableHub } from './durability/killable-hub.ts';

let home: HubHome;
let hub: KillableHub;
let deviceKey: string;
let authority: TestAuthority;
const METHODS = '$iothub/methods/POST/#';
const DEVICE_BOUND = 'devices/d/messages/devicebound/#';
const before: Record<string, unknown> = {};

const get = async (path: string) => (await hub.call('GET', path)).body;

beforeAll(async () => {
  home = await HubHome.make();
  hub = await home.start();
  authority = await TestAuthority.make();
  const { body: device } = await hub.call('PUT', '/devices/d', { deviceId: 'd', status: 'enabled' });
  deviceKey = device.authentication.symmetricKey.primaryKey;
  await hub.call('PUT', '/devices/off', { deviceId: 'off', status: 'disabled', statusReason: 'broken' });
  await hub.call('PUT', '/devices/d/modules/m', { deviceId: 'd', moduleId: 'm', managedBy: 'me' });
  await hub.call('PATCH', '/twins/d', { tags: { plant: 'a' }, properties: { desired: { interval: 5 } } });
  await hub.call('PATCH', '/twins/d/modules/m', { properties: { desired: { rate: 1 } } });
  await hub.call('PUT', '/configurations/c', {
    id: 'c',
    content: { deviceContent: { 'properties.desired.color': 'red' } },
    targetCondition: "tags.plant = 'a'",
  });
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  const update = { type: 'scheduleUpdateTwin', updateTwin: { etag: '*', tags: { done: true } } };
  await hub.call('PUT', '/jobs/v2/later', { ...update, queryCondition: '*', startTime: inAnHour });
  await hub.call('PUT', '/jobs/v2/now', { ...update, queryCondition: "deviceId = 'd'" });
  await vi.waitUntil(async () => (await get('/jobs/v2/now')).status === 'completed');
  await hub.call('PUT', '/$tandem/certificates/root', { certificate: authority.pem, isVerified: true });
  const client = await connect();
  await client.subscribeAsync([METHODS, DEVICE_BOUND]);
  await client.endAsync();
  for (const path of ['/devices/d', '/devices/off', '/devices/d/modules/m', '/twins/d', '/twins/d/modules/m']) {
    before[path] = durable(await get(path));
  }
  await hub.kill();
  hub = await home.start();
});
afterAll(async () => {
  await hub.kill();
  await home[Symbol.asyncDispose]();
});

test.each(['/devices/d', '/devices/off', '/devices/d/modules/m', '/twins/d', '/twins/d/modules/m'])(
  'GET %s answers as before',
  async (path) => expect(durable(await get(path))).toEqual(before[path]),
);

test('a query finds what it found', async () => {
  const query = "SELECT deviceId FROM devices WHERE tags.plant = 'a' AND properties.desired.interval = 5";
  expect((await hub.call('POST', '/devices/query', { query })).body).toEqual([{ deviceId: 'd' }]);
});

describe('jobs', () => {
  test('that are over show their results', async () => {
    const query = "SELECT * FROM devices.jobs WHERE jobId = 'now'";
    const { body } = await hub.call('POST', '/devices/query', { query });
    expect(body).toMatchObject([{ deviceId: 'd', status: 'completed' }]);
  });

  test('that wait go on waiting, and can be cancelled', async () => {
    expect((await get('/jobs/v2/later')).status).toMatch(/queued|scheduled/);
    expect((await hub.call('POST', '/jobs/v2/later/cancel')).body.status).toBe('cancelled');
  });
});

test('a configuration goes on: it is applied to who enters its scope, and taken back from who leaves', async () => {
  expect(await get('/twins/d')).toMatchObject({ configurations: { c: { status: 'Applied' } } });
  await hub.call('PATCH', '/twins/off', { tags: { plant: 'a' } });
  await expect.poll(async () => (await get('/twins/off')).properties.desired).toMatchObject({ color: 'red' });
  await hub.call('DELETE', '/configurations/c');
  expect((await get('/twins/d')).properties.desired).not.toHaveProperty('color');
});

test('an authority is known, and still verified', async () => {
  expect((await get('/$tandem/certificates/root')).properties.isVerified).toBe(true);
});

test('a device is let in with its key, and its session was kept', async () => {
  const client = await connect();
  const called = new Promise<string>((resolve) => client.once('message', resolve));
  const answer = hub.call('POST', '/twins/d/methods', { methodName: 'hello', payload: null });
  expect(await called).toBe('$iothub/methods/POST/hello/?$rid=1');
  client.publish('$iothub/methods/res/200/?$rid=1', '"back"');
  expect((await answer).body).toEqual({ status: 200, payload: 'back' });
  await client.endAsync();
});

/** All but whether and when it was connected: nobody waits for the journal of that. */
function durable(document: Record<string, unknown>): object {
  const { connectionState: _state, connectionStateUpdatedTime: _changed, lastActivityTime: _heard, ...rest } = document;
  return rest;
}

function connect(): Promise<MqttClient> {
  const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
  const options = {
    ca: home.ca,
    clientId: 'd',
    username: 'localhost/d/?api-version=2021-04-12',
    password: sasToken({ resource: 'localhost/devices/d', key: deviceKey, expirySeconds }),
    clean: false,
    reconnectPeriod: 0,
  };
  return connectAsync(`mqtts://localhost:${hub.ports.mqtt}`, options, false);
}
