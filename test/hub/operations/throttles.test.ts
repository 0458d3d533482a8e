import azureIotDevice from 'azure-iot-device';
import azureIotDeviceAmqp from 'azure-iot-device-amqp';
import { describe, expect, test } from 'vitest';
import { eventsOf } from '../../support/events.ts';
import { openDevice } from '../../support/device.ts';
import { startHub, type TestHub } from '../../support/hub.ts';
import { closed, connectCode, connectRaw } from '../../support/mqtt-device.ts';
import { rest } from '../../support/rest.ts';
import { refusal } from '../sdk-refusal.ts';

const { Client, Message } = azureIotDevice;
const { Amqp } = azureIotDeviceAmqp;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const query = (hub: TestHub) => rest(hub, 'POST', '/devices/query', { body: { query: 'SELECT * FROM devices' } });

// service-protocol.md, 14
describe('a hub without a tier', () => {
  test('throttles nothing', async () => {
    await using hub = await startHub();
    const statuses = await Promise.all(Array.from({ length: 150 }, () => query(hub).then(({ status }) => status)));
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});

describe('tier S1', () => {
  test('answers 20 queries a minute, and 429 with a retry-after from then on', async () => {
    await using hub = await startHub({ tier: 'S1' });
    for (let i = 0; i < 20; i += 1) expect((await query(hub)).status).toBe(200);
    const { status, headers, body } = await query(hub);
    expect([status, headers['iothub-errorcode'], headers['retry-after']]).toEqual([429, 'ThrottlingException', '3']);
    expect(body.Message).toMatch(/^ErrorCode:ThrottlingException;/);
    const asked = hub.registry().createQuery('SELECT * FROM devices');
    expect(await refusal(asked.next())).toMatchObject({ name: 'ThrottlingError' });
    await hub.server.hub.advanceTime(MINUTE_MS);
    expect((await query(hub)).status).toBe(200);
  });

  test('counts a batch by its devices', async () => {
    await using hub = await startHub({ tier: 'S1' });
    const devices = Array.from({ length: 99 }, (_, i) => ({ deviceId: `d${i}` }));
    await hub.registry().addDevices(devices);
    expect((await refusal(hub.registry().addDevices(devices))).name).toBe('ThrottlingError');
  });

  test('refuses a second job while one is active', async () => {
    await using hub = await startHub({ tier: 'S1' });
    await hub.registry().addDevices(Array.from({ length: 30 }, (_, i) => ({ deviceId: `d${i}` })));
    const patch = { etag: '*', tags: { a: 1 } };
    await hub.jobClient().scheduleTwinUpdate('one', '*', patch);
    const second = await refusal(hub.jobClient().scheduleTwinUpdate('two', '*', patch));
    expect(second).toMatchObject({ name: 'ThrottlingError', code: 'ThrottlingMaxActiveJobCountExceeded' });
    const later = new Date(hub.server.hub.now() + DAY_MS);
    await hub.jobClient().scheduleTwinUpdate('later', '*', patch, later);
  });

  test('makes a device that sends too much wait for its acknowledgements, and takes all of it', async () => {
    await using hub = await startHub({ tier: 'S1' });
    const device = await hub.createDevice('d');
    const client = await connectRaw(hub, device);
    const began = Date.now();
    const topic = 'devices/d/messages/events/';
    await Promise.all(Array.from({ length: 150 }, () => client.publishAsync(topic, 'x', { qos: 1 })));
    expect(Date.now() - began).toBeGreaterThan(400);
    await client.endAsync();
  });

  test('settles the messages of a device over AMQP late, in their order, and refuses what is far too much', async () => {
    const clock: { stoppedMs?: number } = {};
    await using hub = await startHub({ tier: 'S1', now: () => clock.stoppedMs ?? Date.now() });
    const { connectionString } = await hub.createDevice('amqp');
    const gateway = `GatewayHostName=localhost:${hub.server.ports.amqp}`;
    const client = Client.fromConnectionString(connectionString.replace(/GatewayHostName=.*/, gateway), Amqp);
    client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
    await client.setOptions({ ca: hub.ca });
    await client.open();
    const began = Date.now();
    const bodies = Array.from({ length: 150 }, (_, i) => String(i));
    await Promise.all(bodies.map((body) => client.sendEvent(new Message(body))));
    expect(Date.now() - began).toBeGreaterThan(400);
    expect((await eventsOf(hub, 'amqp')).map(({ body }) => body.toString())).toEqual(bodies);

    clock.stoppedMs = Date.now(); // time stands still: nothing is refilled
    const { throttles } = hub.server.hub;
    expect(() => {
      for (;;) throttles.count('telemetry');
    }).toThrow('telemetry');
    throttles.turn = () => Promise.resolve(); // it would have to wait ten seconds
    expect(await refusal(client.sendEvent(new Message('too much')))).toMatchObject({ name: 'ThrottlingError' });
    await client.close();
  });

  test('answers 429 to a device that reads its twin too often', async () => {
    await using hub = await startHub({ tier: 'S1' });
    const client = await connectRaw(hub, await hub.createDevice('d'));
    await client.subscribeAsync('$iothub/twin/res/#');
    const { throttles } = hub.server.hub;
    for (let i = 0; i < 200; i += 1) await throttles.pace('twinReads');
    for (let i = 0; i < 200; i += 1) throttles.count('twinReads');
    const answer = new Promise<string>((resolve) => client.once('message', resolve));
    client.publish('$iothub/twin/GET/?$rid=1', '');
    expect(await answer).toBe('$iothub/twin/res/429/?$rid=1');
    await client.endAsync();
  });

  test('tells who connects far too often to come again later', async () => {
    const nowMs = Date.now();
    await using hub = await startHub({ tier: 'S1', now: () => nowMs }); // time stands still: nothing is refilled
    const device = await hub.createDevice('d');
    const { throttles } = hub.server.hub;
    expect(() => {
      for (;;) throttles.count('connections');
    }).toThrow('connections');
    throttles.turn = () => Promise.resolve(); // it would have to wait ten seconds
    expect(await connectCode(connectRaw(hub, device))).toBe(3);
  });
});

describe('tier F1', () => {
  test('has 500 identities and 10 configurations', async () => {
    await using hub = await startHub({ tier: 'F1' });
    for (let i = 0; i < 5; i += 1) {
      await hub.registry().addDevices(Array.from({ length: 100 }, (_, n) => ({ deviceId: `d${i}-${n}` })));
      await hub.server.hub.advanceTime(MINUTE_MS);
    }
    const { headers } = await rest(hub, 'PUT', '/devices/more', { body: {} });
    expect(headers['iothub-errorcode']).toBe('TooManyDevices');
    const content = { deviceContent: { 'properties.desired.a': 1 } };
    for (let i = 0; i < 10; i += 1) await rest(hub, 'PUT', `/configurations/c${i}`, { body: { content } });
    const eleventh = await rest(hub, 'PUT', '/configurations/c10', { body: { content } });
    expect(eleventh.headers['iothub-errorcode']).toBe('ConfigurationCountLimitExceeded');
  });

  // "daily messages (meter 4 KB; F1 0.5 KB): F1 8 000"
  test('takes 8000 messages of half a kilobyte a day', async () => {
    await using hub = await startHub({ tier: 'F1' });
    const device = await hub.createDevice('d');
    for (let i = 0; i < 31; i += 1) hub.server.hub.throttles.countMessage(256 * 512);
    hub.server.hub.throttles.countMessage(63 * 512);
    const client = await connectRaw(hub, device);
    await client.publishAsync('devices/d/messages/events/', 'the last one', { qos: 1 });
    const ended = closed(client);
    client.publish('devices/d/messages/events/', 'one too many', { qos: 1 }, () => undefined);
    await ended;
    const { status, headers } = await rest(hub, 'POST', '/devices/d/messages/deviceBound', { body: 'x' });
    expect([status, headers['iothub-errorcode']]).toEqual([403, 'IotHubQuotaExceeded']);
    await hub.server.hub.advanceTime(DAY_MS);
    const again = await openDevice(hub, device);
    await again.close();
    const next = await connectRaw(hub, device);
    await next.publishAsync('devices/d/messages/events/', 'a new day', { qos: 1 });
    await next.endAsync();
  });
});

test.each([
  ['S2', 5],
  ['S3', 10],
] as const)('tier %s runs %d jobs at once', async (tier, count) => {
  await using hub = await startHub({ tier });
  expect(hub.server.hub.throttles.limits?.activeJobs).toBe(count);
});
