import type { Message } from 'azure-iot-common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendText, takeFeedback } from '../../../support/cloud-to-device.ts';
import { openDevice } from '../../../support/device.ts';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { connectMqtt } from '../../../support/mqtt.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

const count = (deviceId: string): number => hub.server.hub.cloudToDevice.count(deviceId);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('cloud-to-device messages over MQTT', () => {
  test('the SDK gets body and properties, and completes by receiving', async () => {
    const device = await hub.createDevice('sdk');
    const client = await openDevice(hub, device);
    const received = new Promise<Message>((resolve) => client.on('message', resolve));
    const expiresMs = Date.now() + 600_000;
    await sendText(hub, 'sdk', 'hello', {
      ack: 'full',
      expiresMs,
      properties: { 'a b': 'ü/&=+', empty: '' },
      systemProperties: {
        'message-id': 'm 1',
        'correlation-id': 'c/1',
        'user-id': 'me',
        'content-type': 'text/plain',
        'content-encoding': 'utf-8',
      },
    });
    const message = await received;
    expect(message.getBytes().toString()).toBe('hello');
    expect(message.messageId).toBe('m 1');
    expect(message.correlationId).toBe('c/1');
    expect(message.userId).toBe('me');
    expect(message.contentType).toBe('text/plain');
    expect(message.contentEncoding).toBe('utf-8');
    expect(message.to).toBe('/devices/sdk/messages/deviceBound');
    expect(message.expiryTimeUtc).toBe(new Date(expiresMs).toISOString());
    expect(message.properties.propertyList).toEqual([
      { key: 'iothub-ack', value: 'full' }, // where the Node SDK leaves it
      { key: 'a b', value: 'ü/&=+' },
      { key: 'empty', value: '' },
    ]);
    await until(() => count('sdk') === 0);
    expect(await takeFeedback(hub)).toMatchObject([{ originalMessageId: 'm 1', statusCode: 'Success' }]);
    await client.close();
  });

  test('queued ones come in order right behind the CONNACK of a kept session, before any SUBSCRIBE', async () => {
    const device = await hub.createDevice('kept');
    const first = await connectMqtt(hub, device);
    await first.client.subscribeAsync(filterOf('kept'), { qos: 1 });
    await first.client.endAsync();
    const texts = Array.from({ length: 40 }, (_, index) => `m${index}`);
    for (const text of texts) await sendText(hub, 'kept', text);
    const again = await connectMqtt(hub, device);
    expect(again.sessionPresent).toBe(true);
    await again.inbox.has(40);
    expect(again.inbox.texts).toEqual(texts);
    expect(again.inbox.packets.every(({ dup }) => !dup)).toBe(true);
    await until(() => count('kept') === 0);
    await again.client.endAsync();
  });

  test('a clean session gets nothing until it subscribes', async () => {
    const device = await hub.createDevice('clean');
    await sendText(hub, 'clean', 'a');
    const { client, inbox } = await connectMqtt(hub, device, { clean: true });
    await client.publishAsync('devices/clean/messages/events/', '', { qos: 1 });
    expect(inbox.packets).toEqual([]);
    await client.subscribeAsync(filterOf('clean'), { qos: 1 });
    await inbox.has(1);
    expect(inbox.packets[0]).toMatchObject({
      topic: 'devices/clean/messages/devicebound/%24.mid=a&%24.to=%2Fdevices%2Fclean%2Fmessages%2FdeviceBound',
      qos: 1,
    });
    await client.endAsync();
  });

  test('what was not acknowledged comes again with DUP after a reconnect, and only a few are in flight', async () => {
    const device = await hub.createDevice('dropping');
    for (let index = 0; index < 20; index += 1) await sendText(hub, 'dropping', `m${index}`);
    const deaf = await connectMqtt(hub, device, { neverAcknowledge: true });
    await deaf.client.subscribeAsync(filterOf('dropping'), { qos: 1 });
    await deaf.inbox.has(1);
    expect(count('dropping')).toBe(20);
    deaf.client.stream.destroy();
    await deaf.closed;
    const again = await connectMqtt(hub, device);
    await again.inbox.has(20);
    expect(again.inbox.texts).toEqual(Array.from({ length: 20 }, (_, index) => `m${index}`));
    expect(again.inbox.packets.map(({ dup }) => dup)).toEqual(Array.from({ length: 20 }, (_, index) => index < 16));
    await until(() => count('dropping') === 0);
    await again.client.endAsync();
  });

  test('a lost lock brings the message again under its packet identifier, and the late PUBACK still settles it', async () => {
    const device = await hub.createDevice('late');
    const { client, inbox } = await connectMqtt(hub, device, { neverAcknowledge: true });
    await client.subscribeAsync(filterOf('late'), { qos: 1 });
    await sendText(hub, 'late', 'a');
    await inbox.has(1);
    await hub.server.hub.advanceTime(60_000);
    await inbox.has(2);
    const [first, second] = inbox.packets;
    expect([first?.dup, second?.dup, second?.messageId]).toEqual([false, true, first?.messageId]);
    client.stream.write(Buffer.from([0x40, 2, 0, second?.messageId ?? 0]));
    await until(() => count('late') === 0);
    await client.endAsync(true);
  });

  test('with QoS 0 a message is done when it is sent', async () => {
    const device = await hub.createDevice('zero');
    const { client, inbox } = await connectMqtt(hub, device, { neverAcknowledge: true });
    await client.subscribeAsync(filterOf('zero'), { qos: 0 });
    await sendText(hub, 'zero', 'a', { ack: 'positive' });
    await inbox.has(1);
    expect(inbox.packets[0]).toMatchObject({ qos: 0 });
    await until(() => count('zero') === 0);
    expect(await takeFeedback(hub)).toMatchObject([{ statusCode: 'Success' }]);
    await client.endAsync(true);
  });

  test('a connected device that did not subscribe leaves its messages in the queue', async () => {
    const device = await hub.createDevice('unsubscribed');
    const { client, inbox } = await connectMqtt(hub, device);
    await sendText(hub, 'unsubscribed', 'a');
    await client.publishAsync('devices/unsubscribed/messages/events/', '', { qos: 1 });
    expect([inbox.packets.length, count('unsubscribed')]).toEqual([0, 1]);
    await client.subscribeAsync(filterOf('unsubscribed'), { qos: 1 });
    await inbox.has(1);
    await client.unsubscribeAsync(filterOf('unsubscribed'));
    await sendText(hub, 'unsubscribed', 'b');
    await client.publishAsync('devices/unsubscribed/messages/events/', '', { qos: 1 });
    expect(inbox.texts).toEqual(['a']);
    await client.endAsync();
  });

  test('a device that takes over gets what the one before left unacknowledged', async () => {
    const device = await hub.createDevice('twice');
    const first = await connectMqtt(hub, device, { neverAcknowledge: true });
    await first.client.subscribeAsync(filterOf('twice'), { qos: 1 });
    await sendText(hub, 'twice', 'a');
    await first.inbox.has(1);
    const second = await connectMqtt(hub, device);
    await second.inbox.has(1);
    expect(second.inbox.packets[0]).toMatchObject({ dup: true });
    await until(() => count('twice') === 0);
    await second.client.endAsync();
  });
});

function filterOf(deviceId: string): string {
  return `devices/${deviceId}/messages/devicebound/#`;
}
