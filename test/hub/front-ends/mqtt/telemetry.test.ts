import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import azureIotDevice from 'azure-iot-device';
import azureIotDeviceMqtt from 'azure-iot-device-mqtt';
import type { IPublishPacket } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sendText } from '../../../support/cloud-to-device.ts';
import { eventsOf } from '../../../support/events.ts';
import { sasToken, startHub, type TestHub } from '../../../support/hub.ts';
import { connectMqtt } from '../../../support/mqtt.ts';
import { rest } from '../../../support/rest.ts';

const { Message } = azureIotDevice;

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

const AUTH_METHOD = 'iothub-connection-auth-method';

describe('telemetry over MQTT', () => {
  test("a module's, a model's and a policy's stamps", async () => {
    const device = await hub.createDevice('stamps');
    const { responseBody } = await hub.registry().addModule({ deviceId: 'stamps', moduleId: 'm' });
    const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    const expirySeconds = Math.floor(Date.now() / 1000) + 600;
    const module = await connectMqtt(hub, device, {
      clientId: 'stamps/m',
      username: 'localhost/stamps/m/?api-version=2021-04-12&model-id=dtmi:a:b;1',
      password: sasToken({ resource: 'localhost/devices/stamps/modules/m', key, expirySeconds }),
    });
    await module.client.publishAsync('devices/stamps/modules/m/messages/events/%24.on=out&k=v/', 'x', { qos: 1 });
    const policy = { resource: 'localhost/devices/stamps', key: hub.policyKey('device'), policyName: 'device' };
    const asPolicy = await connectMqtt(hub, device, { password: sasToken({ ...policy, expirySeconds }) });
    await asPolicy.client.publishAsync('devices/stamps/messages/events/', 'y', { qos: 1 });
    const [first, second] = await eventsOf(hub, 'stamps');
    expect(first).toMatchObject({
      properties: { k: 'v' },
      systemProperties: { 'iothub-outputname': 'out' },
      annotations: { 'iothub-connection-module-id': 'm', 'dt-dataschema': 'dtmi:a:b;1' },
    });
    expect(JSON.parse(first?.annotations[AUTH_METHOD] ?? '')).toMatchObject({ scope: 'module', type: 'sas' });
    expect(JSON.parse(second?.annotations[AUTH_METHOD] ?? '')).toMatchObject({ scope: 'hub' });
    expect(second?.annotations).not.toHaveProperty('iothub-connection-module-id');
    await Promise.all([module.client.endAsync(), asPolicy.client.endAsync()]);
  });

  test('a retained and a repeated message are neither, but say so', async () => {
    const { client } = await connectMqtt(hub, await hub.createDevice('flags'));
    await client.publishAsync('devices/flags/messages/events/a=b&none', 'x', { qos: 1, retain: true });
    await client.publishAsync('devices/flags/messages/events/', 'y', { qos: 1, dup: true });
    const events = await eventsOf(hub, 'flags');
    expect(events.map(({ properties }) => properties)).toEqual([
      { a: 'b', none: null, 'mqtt-retain': 'true' },
      { 'mqtt-dup': 'true' },
    ]);
    await client.endAsync();
  });

  test('what changes from message to message is told apart, also at high speed', async () => {
    const { client } = await connectMqtt(hub, await hub.createDevice('many'));
    const sent = Array.from({ length: 500 }, (_, index) => index);
    await Promise.all(
      sent.map((index) =>
        client.publishAsync(`devices/many/messages/events/n=${index % 7}&%24.mid=${index}`, `b${index}`, { qos: 1 }),
      ),
    );
    const events = await eventsOf(hub, 'many');
    expect(
      events.map(({ body, properties, systemProperties }) => [
        body.toString(),
        properties['n'],
        systemProperties['message-id'],
      ]),
    ).toEqual(sent.map((index) => [`b${index}`, String(index % 7), String(index)]));
    await client.endAsync();
  });
});

// device-protocol.md, 3.4
describe('a will', () => {
  const will = { topic: 'devices/D/messages/events/k=v', payload: Buffer.from('gone'), qos: 1, retain: false } as const;
  const willOf = (deviceId: string): typeof will => ({ ...will, topic: will.topic.replace('D', deviceId) as never });
  const disconnected = (deviceId: string): Promise<void> =>
    new Promise((resolve) => {
      hub.server.hub.events.on('disconnected', ({ target }) => target.deviceId === deviceId && resolve());
    });

  test('is telemetry when the connection breaks', async () => {
    const left = disconnected('will-broken');
    const { client } = await connectMqtt(hub, await hub.createDevice('will-broken'), { will: willOf('will-broken') });
    client.stream.destroy();
    await left;
    expect(await eventsOf(hub, 'will-broken')).toMatchObject([
      { body: Buffer.from('gone'), properties: { k: 'v', 'iothub-MessageType': 'Will' } },
    ]);
  });

  test('is telemetry when another connection takes over, and when the hub ends it', async () => {
    const device = await hub.createDevice('will-taken');
    const first = await connectMqtt(hub, device, { will: willOf('will-taken') });
    const second = await connectMqtt(hub, device, { will: willOf('will-taken') });
    await first.closed;
    expect(await eventsOf(hub, 'will-taken')).toHaveLength(1);
    const left = disconnected('will-taken');
    second.client.subscribe('foreign/#');
    await left;
    expect(await eventsOf(hub, 'will-taken')).toHaveLength(2);
  });

  test('is nothing when the device says good-bye', async () => {
    const left = disconnected('will-not');
    const { client } = await connectMqtt(hub, await hub.createDevice('will-not'), { will: willOf('will-not') });
    await client.endAsync();
    await left;
    expect(await eventsOf(hub, 'will-not')).toEqual([]);
  });

  test("on anything but the device's own telemetry topic is nothing", async () => {
    const left = disconnected('will-foreign');
    const device = await hub.createDevice('will-foreign');
    const { client } = await connectMqtt(hub, device, { will: willOf('will-broken') });
    const before = (await eventsOf(hub, 'will-broken')).length;
    client.stream.destroy();
    await left;
    expect(await eventsOf(hub, 'will-foreign')).toEqual([]);
    expect(await eventsOf(hub, 'will-broken')).toHaveLength(before);
  });
});

describe('the renewal of a token in the middle of traffic', () => {
  test('loses no telemetry and no message, though the SDK subscribes to nothing again', async () => {
    const { connectionString } = await hub.createDevice('renewing');
    const client = azureIotDevice.Client.fromConnectionString(connectionString, azureIotDeviceMqtt.Mqtt);
    const tokenRenewal = { tokenValidTimeInSeconds: 2, tokenRenewalMarginInSeconds: 1 };
    await client.setOptions({ ca: hub.ca, tokenRenewal });
    await client.open();
    const received: string[] = [];
    client.on('message', (message: { getBytes(): Buffer }) => received.push(message.getBytes().toString()));
    let connects = 0;
    hub.server.hub.events.on('connected', ({ target }) => {
      if (target.deviceId === 'renewing') connects += 1;
    });
    let sent = 0;
    while (connects < 2) {
      sent += 1;
      await client.sendEvent(new Message(String(sent)));
    }
    await sendText(hub, 'renewing', 'after');
    while (received.length === 0) await client.sendEvent(new Message(String((sent += 1))));
    expect(received).toEqual(['after']);
    const bodies = new Set((await eventsOf(hub, 'renewing')).map(({ body }) => Number(body.toString())));
    expect(bodies).toEqual(new Set(Array.from({ length: sent }, (_, index) => index + 1)));
    await client.close();
  });
});

describe('telemetry in files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-telemetry-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('PUBACKs come in the order of the publishes, twin requests in between', async () => {
    await using durable = await startHub({ eventLog: { directory: folder } });
    const device = await durable.createDevice('order');
    const { client } = await connectMqtt(durable, device);
    await client.subscribeAsync('$iothub/twin/res/#');
    const sent: number[] = [];
    const acknowledged: number[] = [];
    client.on('packetsend', (packet) => {
      if (packet.cmd === 'publish') sent.push(packet.messageId ?? 0);
    });
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'puback') acknowledged.push(packet.messageId ?? 0);
    });
    const publish = (topic: string): Promise<unknown> => client.publishAsync(topic, '', { qos: 1 });
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        publish(index % 5 === 2 ? `$iothub/twin/GET/?$rid=${index}` : 'devices/order/messages/events/'),
      ),
    );
    expect(acknowledged).toEqual(sent);
    expect(await eventsOf(durable, 'order')).toHaveLength(48);
    await client.endAsync();
  });

  test('is there after a restart', async () => {
    for (const count of [1, 2]) {
      await using durable = await startHub({ eventLog: { directory: folder } });
      const { client } = await connectMqtt(durable, await durable.createDevice('again'));
      await client.publishAsync('devices/again/messages/events/', String(count), { qos: 1 });
      expect((await eventsOf(durable, 'again')).map(({ sequenceNumber }) => sequenceNumber)).toEqual(
        count === 1 ? [0] : [0, 1],
      );
      await client.endAsync();
    }
  });

  // /dev/full takes the place of a full disk; other systems have none.
  test.skipIf(process.platform !== 'linux')(
    'with a full disk nothing is acknowledged, and the hub lives on',
    async () => {
      for (const partition of ['0', '1', '2', '3']) {
        mkdirSync(join(folder, partition));
        symlinkSync('/dev/full', join(folder, partition, '0000000000000000-0000000000000000.log'));
      }
      const faults: unknown[] = [];
      await using full = await startHub({
        eventLog: { directory: folder },
        onFault: (error) => faults.push(error),
      });
      const device = await full.createDevice('full');
      for (let round = 0; round < 2; round += 1) {
        const { client, closed } = await connectMqtt(full, device);
        const answers: string[] = [];
        client.on('packetreceive', (packet: { cmd: string } | IPublishPacket) => answers.push(packet.cmd));
        client.publish('devices/full/messages/events/', 'x', { qos: 1 });
        await closed;
        expect(answers).not.toContain('puback');
      }
      expect(faults).toMatchObject([{ code: 'ENOSPC' }]);
      const expirySeconds = Math.floor(Date.now() / 1000) + 600;
      const authorization = sasToken({ resource: 'localhost/devices/full', key: device.key, expirySeconds });
      const answer = await rest(full, 'POST', '/devices/full/messages/events', { authorization, body: 'x' });
      expect(answer.status).toBe(500);
      expect((await rest(full, 'GET', '/devices/full')).status).toBe(200);
    },
  );
});
