import azureIotDevice, { type Client, type Message as DeviceMessage } from 'azure-iot-device';
import azureIotDeviceAmqp from 'azure-iot-device-amqp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventsOf } from '../../../support/events.ts';
import { sendText, takeFeedback } from '../../../support/cloud-to-device.ts';
import { openDevice, report } from '../../../support/device.ts';
import { sasToken, startHub, type TestHub } from '../../../support/hub.ts';
import { newAmqpDevice, openAmqpDevice, openAmqpModule, TRANSPORTS } from './clients.ts';

const { Message } = azureIotDevice;

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

const state = async (deviceId: string) => (await hub.registry().get(deviceId)).responseBody.connectionState;

/** The error that the client's connection ended with. */
function ended(client: Client): Promise<Error> {
  return new Promise((resolve) => client.once('disconnect', resolve));
}

describe.each(TRANSPORTS)('a device over %s', (transport) => {
  test('sends telemetry with its properties', async () => {
    const deviceId = `telemetry-${transport}`;
    const client = await openAmqpDevice(hub, await hub.createDevice(deviceId), transport);
    const message = new Message('{"temperature":21}');
    message.messageId = '2c1ff0d1-1f0e-4d4c-8f0c-2b8b3f0a7a10'; // travels as a UUID, not as text
    message.correlationId = 'c';
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    message.properties.add('alert', 'true');
    await client.sendEvent(message);
    const [event] = await eventsOf(hub, deviceId);
    expect(event?.body.toString()).toBe('{"temperature":21}');
    expect(event?.properties).toEqual({ alert: 'true' });
    expect(event?.systemProperties).toMatchObject({
      'message-id': message.messageId,
      'correlation-id': 'c',
      'content-type': 'application/json',
      'content-encoding': 'utf-8',
    });
    await client.close();
  });

  test('answers a direct method', async () => {
    const deviceId = `methods-${transport}`;
    const client = await openAmqpDevice(hub, await hub.createDevice(deviceId), transport);
    const requests: unknown[] = [];
    client.onDeviceMethod('greet', (request, response) => {
      requests.push(request.payload);
      void response.send(200, { hello: 'world' });
    });
    const { result } = await hub.serviceClient().invokeDeviceMethod(deviceId, {
      methodName: 'greet',
      payload: { name: 'you' },
      connectTimeoutInSeconds: 5,
    });
    expect(requests).toEqual([{ name: 'you' }]);
    expect(result).toEqual({ status: 200, payload: { hello: 'world' } });
    await client.close();
  });

  test('reads its twin, reports properties and hears of desired ones', async () => {
    const deviceId = `twin-${transport}`;
    const client = await openAmqpDevice(hub, await hub.createDevice(deviceId), transport);
    const twin = await client.getTwin();
    const interval = new Promise((resolve) => twin.on('properties.desired.interval', resolve));
    await report(twin, { firmware: '1.0' });
    await hub.registry().updateTwin(deviceId, { properties: { desired: { interval: 5 } } }, '*');
    expect(await interval).toBe(5);
    const { responseBody } = await hub.registry().getTwin(deviceId);
    expect(responseBody.properties.reported).toMatchObject({ firmware: '1.0', $version: 2 });
    await client.close();
  });

  test('completes, rejects and abandons cloud-to-device messages', async () => {
    const deviceId = `settling-${transport}`;
    const client = await openAmqpDevice(hub, await hub.createDevice(deviceId), transport);
    const seen: string[] = [];
    client.on('message', (message: DeviceMessage) => {
      const text = message.data.toString();
      seen.push(text);
      if (text === 'reject') void client.reject(message);
      else if (text === 'abandon' && seen.filter((each) => each === 'abandon').length < 3) void client.abandon(message);
      else void client.complete(message);
    });
    for (const text of ['complete', 'reject', 'abandon']) {
      await sendText(hub, deviceId, text, { ack: 'full' });
      // One by one: the SDK's rhea merges dispositions of one moment, whatever they say.
      await expect.poll(() => hub.server.hub.cloudToDevice.count(deviceId)).toBe(0);
    }
    expect(seen).toEqual(['complete', 'reject', 'abandon', 'abandon', 'abandon']);
    const feedback = await takeFeedback(hub);
    const mine = feedback.filter((record) => record.deviceId === deviceId);
    expect(mine.map(({ originalMessageId, statusCode }) => [originalMessageId, statusCode])).toEqual([
      ['complete', 'Success'],
      ['reject', 'Rejected'],
      ['abandon', 'Success'],
    ]);
    await client.close();
  });

  test('gets what waited for it, in order, and again what it had not settled', async () => {
    const deviceId = `waiting-${transport}`;
    const device = await hub.createDevice(deviceId);
    for (const text of ['1', '2', '3']) await sendText(hub, deviceId, text);
    for (const round of ['first', 'second']) {
      const client = await openAmqpDevice(hub, device, transport);
      const texts = await new Promise<string[]>((resolve) => {
        const all: string[] = [];
        client.on('message', (message: DeviceMessage) => {
          if (all.push(message.data.toString()) === 3) resolve(all);
        });
      });
      expect([round, texts]).toEqual([round, ['1', '2', '3']]);
      await client.close();
    }
  });

  test('is connected from its first link to its end', async () => {
    const deviceId = `state-${transport}`;
    const client = await openAmqpDevice(hub, await hub.createDevice(deviceId), transport);
    expect(await state(deviceId)).toBe('Disconnected');
    await client.sendEvent(new Message('x'));
    expect(await state(deviceId)).toBe('Connected');
    await client.close();
    await expect.poll(() => state(deviceId)).toBe('Disconnected');
  });
});

describe('a method call', () => {
  test('finds nobody while the device has no method links', async () => {
    const client = await openAmqpDevice(hub, await hub.createDevice('no-methods'));
    await client.getTwin();
    await expect(
      hub.serviceClient().invokeDeviceMethod('no-methods', { methodName: 'any', payload: null }),
    ).rejects.toMatchObject({ responseBody: expect.stringContaining('404103') });
    await client.close();
  });
});

describe('a refused twin request', () => {
  test('tells the device what is wrong, and the device goes on', async () => {
    const client = await openAmqpDevice(hub, await hub.createDevice('wrong-report'));
    const twin = await client.getTwin();
    await expect(report(twin, { 'a.b': 1 })).rejects.toThrow();
    await report(twin, { a: 1 });
    await client.close();
  });
});

describe('a module', () => {
  test('sends telemetry, has its own twin and methods', async () => {
    const { key } = await hub.createDevice('with-module');
    await hub.registry().addModule({ deviceId: 'with-module', moduleId: 'm' });
    const { responseBody } = await hub.registry().getModule('with-module', 'm');
    const moduleKey = responseBody.authentication?.symmetricKey?.primaryKey ?? key;
    const client = await openAmqpModule(
      hub,
      `HostName=localhost;DeviceId=with-module;ModuleId=m;SharedAccessKey=${moduleKey};GatewayHostName=localhost:${hub.server.ports.amqp}`,
    );
    await client.sendOutputEvent('out', new Message('from a module'));
    const [event] = await eventsOf(hub, 'with-module');
    expect(event?.annotations).toMatchObject({ 'iothub-connection-module-id': 'm' });
    expect(event?.systemProperties).toMatchObject({ 'iothub-outputname': 'out' });
    const twin = await client.getTwin();
    await report(twin, { started: true });
    expect((await hub.registry().getModuleTwin('with-module', 'm')).responseBody.properties.reported).toMatchObject({
      started: true,
    });
    client.onMethod('ping', (_request, response) => void response?.send(200, 'pong'));
    const { result } = await hub
      .serviceClient()
      .invokeDeviceMethod('with-module', 'm', { methodName: 'ping', payload: null, connectTimeoutInSeconds: 5 });
    expect(result).toEqual({ status: 200, payload: 'pong' });
    await client.close();
  });
});

describe('a token', () => {
  test('is renewed in the middle of traffic, on the same connection', async () => {
    await using own = await startHub();
    const { key } = await own.createDevice('renewing');
    const resource = `localhost:${own.server.ports.amqp}/devices/renewing`;
    const token = (lifetimeSeconds: number): string =>
      sasToken({ resource, key, expirySeconds: Math.floor(Date.now() / 1000) + lifetimeSeconds });
    const client = azureIotDevice.Client.fromSharedAccessSignature(token(600), azureIotDeviceAmqp.Amqp);
    await client.setOptions({ ca: own.ca });
    await client.open();
    await client.sendEvent(new Message('1'));
    const before = own.server.hub.connections.find({ deviceId: 'renewing' });
    client.updateSharedAccessSignature(token(7200));
    await client.sendEvent(new Message('2')); // behind the new token
    await own.server.hub.advanceTime(3_600_000);
    await client.sendEvent(new Message('3'));
    expect(own.server.hub.connections.find({ deviceId: 'renewing' })).toBe(before);
    await client.close();
  });
});

describe('a device is refused', () => {
  test('with a wrong key', async () => {
    const device = await hub.createDevice('wrong-key');
    const connectionString = device.connectionString.replace(device.key, 'd3Jvbmc=');
    const client = await newAmqpDevice(hub, { ...device, connectionString });
    await expect(client.open()).rejects.toMatchObject({ name: 'UnauthorizedError' });
  });

  test('when it is disabled', async () => {
    const device = await hub.createDevice('disabled');
    await hub.server.hub.registry.putDevice('disabled', disabled(device.key), { kind: 'any' });
    const client = await newAmqpDevice(hub, device);
    await expect(client.open()).rejects.toMatchObject({ name: 'UnauthorizedError' });
  });

  test('with a message of more than 256 KB, and goes on', async () => {
    const client = await openAmqpDevice(hub, await hub.createDevice('large'));
    await expect(client.sendEvent(new Message(Buffer.alloc(262_145)))).rejects.toMatchObject({
      name: 'MessageTooLargeError',
    });
    await client.sendEvent(new Message('small'));
    await client.close();
  });
});

describe('the hub ends what a device has open', () => {
  const disabledCases: [string, (deviceId: string, key: string) => Promise<unknown>][] = [
    ['is deleted', (deviceId) => hub.registry().delete(deviceId)],
    ['is disabled', (deviceId, key) => hub.server.hub.registry.putDevice(deviceId, disabled(key), { kind: 'any' })],
  ];
  test.each(disabledCases)('when it %s', async (what, act) => {
    const deviceId = `cut-${what.replace(' ', '-')}`;
    const device = await hub.createDevice(deviceId);
    const client = await openAmqpDevice(hub, device);
    await client.getTwin();
    const end = ended(client);
    await act(deviceId, device.key);
    await end;
    expect(hub.server.hub.connections.find({ deviceId })).toBeUndefined();
  });

  test('when it connects again by another protocol, and that one stays', async () => {
    const device = await hub.createDevice('roaming');
    const amqp = await openAmqpDevice(hub, device);
    await amqp.getTwin();
    const end = ended(amqp);
    const mqtt = await openDevice(hub, device);
    await end;
    expect(await state('roaming')).toBe('Connected');
    await mqtt.sendEvent(new Message('x'));
    const back = await openAmqpDevice(hub, device);
    const mqttEnd = ended(mqtt);
    mqtt.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
    await back.getTwin();
    await mqttEnd;
    expect(await state('roaming')).toBe('Connected');
    await back.close();
  });
});

function disabled(key: string): Record<string, unknown> {
  return {
    status: 'disabled',
    authentication: { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } },
  };
}
