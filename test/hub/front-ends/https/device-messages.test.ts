/** The device API over HTTPS request by request; what the SDK makes of it is in ../../device-life. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendText } from '../../../support/cloud-to-device.ts';
import { eventsOf } from '../../../support/events.ts';
import { sasToken, startHub, type TestDevice, type TestHub } from '../../../support/hub.ts';
import { rest, type RestAnswer, type RestOptions } from '../../../support/rest.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

/** One request of a device by hand. */
function asDevice(device: TestDevice, method: string, path: string, options: RestOptions = {}): Promise<RestAnswer> {
  const expirySeconds = Math.floor(hub.server.hub.now() / 1000) + 3600;
  const resource = `localhost/devices/${device.deviceId}`;
  const authorization = sasToken({ resource, key: device.key, expirySeconds });
  return rest(hub, method, `/devices/${device.deviceId}/messages/${path}`, { authorization, ...options });
}

const count = (deviceId: string): number => hub.server.hub.cloudToDevice.count(deviceId);

describe('telemetry over HTTPS', () => {
  test('a batch may hold plain text, and is taken whole or not at all', async () => {
    const device = await hub.createDevice('http-plain');
    const headers = { 'content-type': 'application/vnd.microsoft.iothub.json' };
    const good = { body: 'plain', base64Encoded: false, properties: { 'iothub-app-K': 'v', 'iothub-messageid': 'm' } };
    const sent = await asDevice(device, 'POST', 'events', { headers, body: [good] });
    expect(sent.status).toBe(204);
    for (const bad of [[good, 1], { body: 'x' }, [{ body: 1 }], [{ properties: { k: 1 } }], '[{']) {
      expect((await asDevice(device, 'POST', 'events', { headers, body: bad })).status).toBe(400);
    }
    const large = { body: Buffer.alloc(140 * 1024).toString('base64') };
    expect((await asDevice(device, 'POST', 'events', { headers, body: [large, large] })).status).toBe(413);
    const events = await eventsOf(hub, 'http-plain');
    expect(events).toMatchObject([{ properties: { K: 'v' }, systemProperties: { 'message-id': 'm' } }]);
  });

  test('a message of 256 KB is taken, a larger one is not', async () => {
    const device = await hub.createDevice('http-large');
    expect((await asDevice(device, 'POST', 'events', { body: 'x'.repeat(256 * 1024) })).status).toBe(204);
    expect((await asDevice(device, 'POST', 'events', { body: 'x'.repeat(256 * 1024 + 1) })).status).toBe(413);
    expect((await asDevice(device, 'POST', 'events', { body: 'x'.repeat(600 * 1024) })).status).toBe(413);
  });

  test('the device counts as active, never as connected', async () => {
    const device = await hub.createDevice('http-active');
    await asDevice(device, 'POST', 'events', { body: 'x' });
    const { responseBody } = await hub.registry().get('http-active');
    expect(responseBody.connectionState).toBe('Disconnected');
    expect(responseBody.lastActivityTime).not.toBe('0001-01-01T00:00:00Z');
  });
});

describe('cloud-to-device messages over HTTPS', () => {
  test('an empty queue is 204; a message says all about itself in headers', async () => {
    const device = await hub.createDevice('http-headers');
    expect((await asDevice(device, 'GET', 'devicebound')).status).toBe(204);
    const expiresMs = Date.now() + 60_000;
    await sendText(hub, 'http-headers', '"text"', {
      expiresMs,
      properties: { 'Ünïcode (x)': 'wert\r\nü' },
      systemProperties: { 'message-id': 'm', 'content-type': 'text/plain' },
    });
    const { status, headers, body } = await asDevice(device, 'GET', 'deviceBound');
    expect([status, body]).toEqual([200, 'text']);
    expect(headers).toMatchObject({
      etag: expect.stringMatching(/^"[0-9a-f-]{36}"$/) as string,
      'iothub-messageid': 'm',
      'iothub-sequencenumber': '1',
      'iothub-deliverycount': '0',
      'iothub-ack': 'none',
      'iothub-to': '/devices/http-headers/messages/deviceBound',
      'iothub-expiry': new Date(expiresMs).toISOString(),
      contenttype: 'text/plain',
      'iothub-app-%c3%9cn%c3%afcode%20%28x%29': 'wert%0D%0A%C3%BC',
    });
    expect((await asDevice(device, 'GET', 'devicebound')).status).toBe(204);
  });

  test('a lost lock is 412, a lock may be shorter or longer than a minute', async () => {
    const device = await hub.createDevice('http-lock');
    await sendText(hub, 'http-lock', '1');
    const take = async (seconds: string): Promise<string> => {
      const headers = { 'iothub-messagelocktimeout': seconds };
      const { headers: answer } = await asDevice(device, 'GET', 'devicebound', { headers });
      return (answer.etag ?? '').replaceAll('"', '');
    };
    const lost = await take('10');
    await hub.server.hub.advanceTime(10_000);
    const late = await asDevice(device, 'DELETE', `devicebound/${lost}`);
    expect([late.status, late.headers['iothub-errorcode']]).toEqual([412, 'DeviceMessageLockLost']);
    const held = await take('120');
    await hub.server.hub.advanceTime(100_000);
    expect((await asDevice(device, 'POST', `devicebound/${held}/abandon`)).status).toBe(204);
    expect((await asDevice(device, 'DELETE', 'devicebound/nonsense')).status).toBe(412);
  });
});

describe('who may use the device API', () => {
  test('an unknown and a disabled device are 404, a wrong key, another device and nobody 401', async () => {
    const device = await hub.createDevice('http-who');
    const other = await hub.createDevice('http-other');
    const send = async (as: TestDevice, options: RestOptions = {}): Promise<number> =>
      (await asDevice(as, 'POST', 'events', { body: 'x', ...options })).status;
    expect(await send({ ...device, deviceId: 'http-nobody' })).toBe(404);
    expect(await send({ ...device, key: other.key })).toBe(401);
    expect(await send(device, { authorization: null })).toBe(401);
    expect(await send(device, { authorization: 'Bearer x' })).toBe(401);
    expect(await send(device, { apiVersion: null })).toBe(400);
    const expired = { resource: 'localhost/devices/http-who', key: device.key, expirySeconds: 1 };
    expect(await send(device, { authorization: sasToken(expired) })).toBe(401);
    const policy = { resource: 'localhost', expirySeconds: Math.floor(hub.server.hub.now() / 1000) + 60 };
    const tokenOf = (policyName: string): string => sasToken({ ...policy, policyName, key: hub.policyKey(policyName) });
    expect(await send(device, { authorization: tokenOf('device') })).toBe(204);
    expect(await send(device, { authorization: tokenOf('service') })).toBe(401);
    const { responseBody } = await hub.registry().get('http-who');
    await hub.registry().update(Object.assign(responseBody, { status: 'disabled' }));
    expect(await send(device)).toBe(404);
  });
});

describe('the service over HTTPS', () => {
  test('sends, and reads feedback', async () => {
    const device = await hub.createDevice('http-service');
    const sent = await rest(hub, 'POST', '/devices/http-service/messages/deviceBound', {
      body: '"hello"',
      headers: {
        'iothub-messageid': 'm1',
        'iothub-ack': 'full',
        'iothub-expiry': new Date(hub.server.hub.now() + 60_000).toISOString(),
        'iothub-app-Key': 'value',
      },
    });
    expect(sent.status).toBe(204);
    const { headers, body } = await asDevice(device, 'GET', 'devicebound');
    expect([body, headers['iothub-messageid'], headers['iothub-app-key']]).toEqual(['hello', 'm1', 'value']);
    await asDevice(device, 'DELETE', `devicebound/${(headers.etag ?? '').replaceAll('"', '')}?reject`);
    const feedback = '/messages/servicebound/feedback';
    expect((await rest(hub, 'GET', feedback)).status).toBe(204);
    await hub.server.hub.advanceTime(15_000);
    const batch = await rest(hub, 'GET', feedback);
    expect(batch.headers['content-type']).toBe('application/vnd.microsoft.iothub.feedback.json');
    expect(batch.body).toMatchObject([{ originalMessageId: 'm1', statusCode: 'Rejected', deviceId: 'http-service' }]);
    const token = (batch.headers.etag ?? '').replaceAll('"', '');
    expect((await rest(hub, 'POST', `${feedback}/${token}/abandon`)).status).toBe(204);
    const again = await rest(hub, 'GET', feedback);
    expect(again.headers['iothub-deliverycount']).toBe('1');
    const tokenAgain = (again.headers.etag ?? '').replaceAll('"', '');
    expect((await rest(hub, 'DELETE', `${feedback}/${tokenAgain}`)).status).toBe(204);
    expect((await rest(hub, 'DELETE', `${feedback}/${tokenAgain}`)).status).toBe(412);
  });

  test('is refused with the code of the rule', async () => {
    await hub.createDevice('http-rules');
    const send = async (deviceId: string, headers: Record<string, string>, body = '1'): Promise<unknown> => {
      const answer = await rest(hub, 'POST', `/devices/${deviceId}/messages/deviceBound`, { headers, body });
      return answer.headers['iothub-errorcode'];
    };
    expect(await send('http-unknown', {})).toBe('DeviceNotFound');
    expect(await send('http-rules', { 'iothub-ack': 'maybe' })).toBe('ArgumentInvalid');
    expect(await send('http-rules', { 'iothub-expiry': 'soon' })).toBe('InvalidMessageExpiryTime');
    expect(await send('http-rules', {}, 'x'.repeat(64 * 1024 + 1))).toBe('MessageTooLarge');
    const registry = await rest(hub, 'POST', '/devices/http-rules/messages/deviceBound', {
      body: '1',
      policyName: 'registryReadWrite',
    });
    expect(registry.status).toBe(401);
  });

  test('purges a queue', async () => {
    await hub.createDevice('http-purge');
    await sendText(hub, 'http-purge', 'a');
    await sendText(hub, 'http-purge', 'b');
    const { status, body } = await rest(hub, 'DELETE', '/devices/http-purge/commands');
    expect([status, body]).toEqual([200, { deviceId: 'http-purge', moduleId: null, totalMessagesPurged: 2 }]);
    expect(count('http-purge')).toBe(0);
  });
});
