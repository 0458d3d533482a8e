import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rest } from '../../../support/rest.ts';
import { startHub, type TestDevice, type TestHub } from '../../../support/hub.ts';
import { closed, connectRaw, nextMessage } from '../../../support/mqtt-device.ts';

const METHODS = '$iothub/methods/POST/#';
const RESPONSES = '$iothub/twin/res/#';
const PATCHES = '$iothub/twin/PATCH/properties/desired/#';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

let count = 0;
const newDevice = (): Promise<TestDevice> => hub.createDevice(`session-${(count += 1)}`);

// device-protocol.md, 3.3
describe('a persistent session', () => {
  test('keeps its subscriptions: a desired patch comes to who did not subscribe again', async () => {
    const device = await newDevice();
    const first = await connectRaw(hub, device, { clean: false });
    await first.subscribeAsync(PATCHES);
    await first.endAsync();
    const again = await connectRaw(hub, device, { clean: false });
    const message = nextMessage(again);
    await hub.registry().updateTwin(device.deviceId, { properties: { desired: { a: 1 } } }, '*');
    expect(await message).toMatchObject({
      topic: '$iothub/twin/PATCH/properties/desired/?$version=2',
      text: '{"a":1,"$version":2}',
    });
    await again.endAsync();
  });

  test('makes the device take methods as soon as it is back', async () => {
    const device = await newDevice();
    const first = await connectRaw(hub, device, { clean: false });
    await first.subscribeAsync(METHODS);
    await first.endAsync();
    const again = await connectRaw(hub, device, { clean: false });
    const message = nextMessage(again);
    const answer = rest(hub, 'POST', `/twins/${device.deviceId}/methods`, { body: { methodName: 'hi', payload: 1 } });
    const { topic, text } = await message;
    expect([topic, text]).toEqual(['$iothub/methods/POST/hi/?$rid=1', '1']);
    again.publish('$iothub/methods/res/204/?$rid=1', '');
    expect((await answer).body).toEqual({ status: 204, payload: null });
    await again.endAsync();
  });

  test('says whether there was one, and a clean one ends it', async () => {
    const device = await newDevice();
    const present = async (clean: boolean, subscribe: boolean): Promise<boolean> => {
      const client = await connectRaw(hub, device, { clean });
      let sessionPresent = false;
      client.on('connect', (packet) => (sessionPresent = packet.sessionPresent));
      if (subscribe) await client.subscribeAsync(METHODS);
      await client.endAsync();
      return sessionPresent;
    };
    await present(false, true);
    expect(hub.server.hub.sessions.find(device.deviceId)).toBeDefined();
    await present(true, false);
    expect(hub.server.hub.sessions.find(device.deviceId)).toBeUndefined();
  });

  test('of one that unsubscribed forgets that', async () => {
    const device = await newDevice();
    const first = await connectRaw(hub, device, { clean: false });
    await first.subscribeAsync([METHODS, PATCHES]);
    await first.unsubscribeAsync(METHODS);
    await first.endAsync();
    expect(hub.server.hub.sessions.find(device.deviceId)).toEqual({ subscriptions: { [PATCHES]: 0 } });
  });

  test('ends with the device', async () => {
    const device = await newDevice();
    const first = await connectRaw(hub, device, { clean: false });
    await first.subscribeAsync(METHODS);
    await hub.registry().delete(device.deviceId);
    await closed(first);
    expect(hub.server.hub.sessions.find(device.deviceId)).toBeUndefined();
  });
});

// 3.5, 3.6: "only a close is visible to apps"
describe('what is not the device’s ends the connection', () => {
  test.each([
    ['devices/other/messages/devicebound/#'],
    ['#'],
    ['$iothub/+/res/#'],
    ['devices/+/messages/devicebound/#'],
    ['$IOTHUB/methods/POST/#'],
  ])('subscribing to %s', async (filter) => {
    const client = await connectRaw(hub, await newDevice());
    const ended = closed(client);
    client.subscribe(filter, () => undefined);
    await ended;
  });

  test.each([
    ['devices/other/messages/events/'],
    ['some/topic'],
    ['$iothub/unknown'],
    ['$iothub/methods/res/200/'],
    ['$iothub/twin/PATCH/properties/reported/?$rid=1&$version=x'],
    ['$iothub/twin/GET/'],
    ['devices/{id}/messages/events/%zz=1'],
  ])('publishing to %s', async (pattern) => {
    const device = await newDevice();
    const client = await connectRaw(hub, device);
    const ended = closed(client);
    client.publish(pattern.replace('{id}', device.deviceId), 'x');
    await ended;
  });

  test('publishing with QoS 2', async () => {
    const device = await newDevice();
    const client = await connectRaw(hub, device);
    const ended = closed(client);
    client.publish(`devices/${device.deviceId}/messages/events/`, 'x', { qos: 2 });
    await ended;
  });

  test('publishing more than 256 KB', async () => {
    const device = await newDevice();
    const client = await connectRaw(hub, device);
    const topic = `devices/${device.deviceId}/messages/events/`;
    await client.publishAsync(topic, Buffer.alloc(262_144 - 1024), { qos: 1 });
    const ended = closed(client);
    client.publish(topic, Buffer.alloc(262_145), { qos: 1 }, () => undefined);
    await ended;
  });
});

describe('subscribing', () => {
  test('grants QoS 1 for 2, and what was asked for otherwise', async () => {
    const client = await connectRaw(hub, await newDevice());
    const granted = await client.subscribeAsync({
      [METHODS]: { qos: 2 },
      [RESPONSES]: { qos: 1 },
      [PATCHES]: { qos: 0 },
    });
    expect(granted.map(({ qos }) => qos)).toEqual([1, 1, 0]);
    await client.endAsync();
  });
});

// 6.1
describe('the twin over MQTT', () => {
  test('is read with the request id echoed as it came', async () => {
    const device = await newDevice();
    await hub.registry().updateTwin(device.deviceId, { tags: { secret: 1 }, properties: { desired: { a: 1 } } }, '*');
    const client = await connectRaw(hub, device);
    await client.subscribeAsync(RESPONSES);
    const message = nextMessage(client);
    client.publish('$iothub/twin/GET/?$rid=a%20b-7', '');
    expect(await message).toMatchObject({
      topic: '$iothub/twin/res/200/?$rid=a%20b-7',
      text: '{"desired":{"a":1,"$version":2},"reported":{"$version":1}}',
    });
    await client.endAsync();
  });

  test('is reported to; the answer has the new version', async () => {
    const device = await newDevice();
    const client = await connectRaw(hub, device);
    await client.subscribeAsync(RESPONSES);
    const message = nextMessage(client);
    client.publish('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"a":{"b":1}}');
    expect(await message).toMatchObject({ topic: '$iothub/twin/res/204/?$rid=1&$version=2', text: '' });
    await client.endAsync();
  });

  test.each([
    ['that are no JSON', '{', 400],
    ['that are a list', '[]', 400],
    ['with a forbidden name', '{"a.b":1}', 400],
    ['with an integer out of range', '{"a":4503599627370496}', 400],
    ['of another version', '{"a":1}', 412, '&$version=9'],
  ])('refuses reported properties %s, with a body', async (_what, body, status, version = '') => {
    const client = await connectRaw(hub, await newDevice());
    await client.subscribeAsync(RESPONSES);
    const message = nextMessage(client);
    client.publish(`$iothub/twin/PATCH/properties/reported/?$rid=1${version}`, body);
    const { topic, text } = await message;
    expect(topic).toBe(`$iothub/twin/res/${status}/?$rid=1`);
    expect(JSON.parse(text)).toMatchObject({ errorCode: expect.any(Number), trackingId: expect.any(String) });
    await client.endAsync();
  });

  test('answers come in the order of the requests, a report before the read behind it', async () => {
    const device = await newDevice();
    const client = await connectRaw(hub, device);
    await client.subscribeAsync(RESPONSES);
    const topics: string[] = [];
    const texts: string[] = [];
    const all = new Promise<void>((resolve) => {
      client.on('message', (topic, payload) => {
        topics.push(topic.slice(topic.indexOf('$rid')));
        texts.push(payload.toString());
        if (topics.length === 3) resolve();
      });
    });
    client.publish('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"n":1}');
    client.publish('$iothub/twin/GET/?$rid=2', '');
    client.publish('$iothub/twin/PATCH/properties/reported/?$rid=3', '{"n":2}');
    await all;
    expect(topics).toEqual(['$rid=1&$version=2', '$rid=2', '$rid=3&$version=3']);
    expect(JSON.parse(texts[1] ?? '')).toMatchObject({ reported: { n: 1, $version: 2 } });
    await client.endAsync();
  });

  // 6.1: a PATCH comes as it was sent, a PUT as the whole section
  test('a desired patch comes with its nulls, a replaced section whole', async () => {
    const device = await newDevice();
    await hub.registry().updateTwin(device.deviceId, { properties: { desired: { a: 1, b: 2 } } }, '*');
    const client = await connectRaw(hub, device);
    await client.subscribeAsync(PATCHES);
    const patched = nextMessage(client);
    await hub.registry().updateTwin(device.deviceId, { properties: { desired: { a: null } } }, '*');
    expect(JSON.parse((await patched).text)).toEqual({ a: null, $version: 3 });
    const replaced = nextMessage(client);
    await rest(hub, 'PUT', `/twins/${device.deviceId}`, { body: { properties: { desired: { c: 3 } } } });
    expect(JSON.parse((await replaced).text)).toEqual({ c: 3, $version: 4 });
    await client.endAsync();
  });

  test('tags alone tell the device nothing', async () => {
    const device = await newDevice();
    const client = await connectRaw(hub, device);
    await client.subscribeAsync(PATCHES);
    const message = nextMessage(client);
    await hub.registry().updateTwin(device.deviceId, { tags: { t: 1 } }, '*');
    await hub.registry().updateTwin(device.deviceId, { properties: { desired: { a: 1 } } }, '*');
    expect(JSON.parse((await message).text)).toEqual({ a: 1, $version: 2 });
    await client.endAsync();
  });
});

describe('methods over MQTT', () => {
  test('many at once are told apart by their request ids, answered in any order', async () => {
    const device = await newDevice();
    const client = await connectRaw(hub, device);
    await client.subscribeAsync(METHODS);
    const waiting: { rid: string; text: string }[] = [];
    client.on('message', (topic, payload) => {
      waiting.push({ rid: topic.split('$rid=')[1] ?? '', text: payload.toString() });
      if (waiting.length < 20) return;
      for (const { rid, text } of waiting.reverse()) client.publish(`$iothub/methods/res/200/?$rid=${rid}`, text);
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        rest(hub, 'POST', `/twins/${device.deviceId}/methods`, { body: { methodName: 'm', payload: i } }),
      ),
    );
    expect(answers.map(({ body }) => body.payload)).toEqual([...Array(20).keys()]);
    await client.endAsync();
  });

  test.each([
    ['a status that is no number', 'abc', '1', 502],
    ['a body that is no JSON', '200', '{', 502],
  ])('an answer with %s is the device’s fault', async (_what, status, body, http) => {
    const device = await newDevice();
    const client = await connectRaw(hub, device);
    await client.subscribeAsync(METHODS);
    client.on('message', (topic) =>
      client.publish(`$iothub/methods/res/${status}/?$rid=${topic.split('$rid=')[1]}`, body),
    );
    const answer = await rest(hub, 'POST', `/twins/${device.deviceId}/methods`, { body: { methodName: 'm' } });
    expect(answer.status).toBe(http);
    await client.endAsync();
  });

  test('an answer to nothing is passed over', async () => {
    const device = await newDevice();
    const client = await connectRaw(hub, device);
    await client.publishAsync('$iothub/methods/res/200/?$rid=99', '{}', { qos: 1 });
    expect(client.connected).toBe(true);
    await client.endAsync();
  });
});

// 2.2: "Expiry of an open connection: MQTT - hub closes the socket"
test('the end of the token ends the connection', async () => {
  const client = await connectRaw(hub, await newDevice(), { lifetimeSeconds: -299 });
  const began = Date.now();
  await closed(client);
  expect(Date.now() - began).toBeLessThan(5000);
});
