import rhea from 'rhea';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { earliestEventPosition } from '@azure/event-hubs';
import { sasToken, startHub, type TestDevice, type TestHub } from '../../../support/hub.ts';
import { newConsumer, readEvents } from './event-hub-clients.ts';
import { answerToToken, BATCH_FORMAT, batchOf, connectRhea, detachError, next, putToken } from './rhea-client.ts';

let hub: TestHub;
let device: TestDevice;
beforeAll(async () => {
  hub = await startHub();
  device = await hub.createDevice('wire');
});
afterAll(() => hub.close());

function deviceToken({ deviceId, key }: TestDevice, expirySeconds = inAnHour()): string {
  return sasToken({ resource: `localhost/devices/${deviceId}`, key, expirySeconds });
}

function policyToken(policyName: string, resource = 'localhost'): string {
  return sasToken({ resource, key: hub.policyKey(policyName), expirySeconds: inAnHour(), policyName });
}

function inAnHour(): number {
  return Math.floor(Date.now() / 1000) + 3600;
}

describe('SASL', () => {
  test('PLAIN with the token of a device lets it send', async () => {
    const connection = connectRhea(hub, { username: 'wire@sas.localhost', password: deviceToken(device) });
    const sender = connection.open_sender('/devices/wire/messages/events');
    await next(sender, 'sendable');
    sender.send({ body: rhea.message.data_section(Buffer.from('x')) });
    await next(sender, 'accepted');
    connection.close();
  });

  test('PLAIN with a wrong password is refused', async () => {
    const connection = connectRhea(hub, { username: 'iothubowner@sas.root.localhost', password: 'no token' });
    const { error } = await next(connection, 'connection_error');
    expect(error).toMatchObject({ condition: 'amqp:unauthorized-access' });
  });

  test('ANONYMOUS leaves the proof to $cbs', async () => {
    const connection = connectRhea(hub, { username: 'anybody' });
    expect(await putToken(connection, deviceToken(device))).toBe(200);
    connection.close();
  });
});

// Python's azure-eventhub reads fields by their place; it calls a SAS token a jwt
describe('what a strict client needs', () => {
  test('no field is left out of a frame, trailing ones neither', async () => {
    const connection = connectRhea(hub);
    expect((await answerToToken(connection, policyToken('service'), 'jwt')).status).toBe(200);
    const receiver = connection.open_receiver({ source: 'localhost/ConsumerGroups/$Default/Partitions/0' });
    await next(receiver, 'receiver_open');
    const fieldsOf = (frame: unknown) => (frame as { value: unknown[] }).value.length;
    const { session } = receiver as unknown as { session: { remote: { begin: { handle_max: number } } } };
    const { remote } = receiver as unknown as { remote: Record<'attach' | 'detach', unknown> };
    expect(fieldsOf((connection as unknown as { remote: { open: unknown } }).remote.open)).toBe(10);
    expect(fieldsOf(session.remote.begin)).toBe(8);
    expect(session.remote.begin.handle_max).toBeGreaterThan(1000);
    expect(fieldsOf(remote.attach)).toBe(14);
    receiver.close();
    await next(receiver, 'receiver_close');
    expect(fieldsOf(remote.detach)).toBe(3);
    connection.close();
  });
});

describe('claims', () => {
  test('a token that is wrong, or of an unknown device, is answered 401', async () => {
    const connection = connectRhea(hub);
    expect(await putToken(connection, deviceToken({ ...device, key: 'd3Jvbmc=' }))).toBe(401);
    expect(await putToken(connection, deviceToken({ ...device, deviceId: 'nobody' }))).toBe(401);
    expect(await putToken(connection, 'nonsense')).toBe(401);
    connection.close();
  });

  test('a token of Microsoft Entra ID is answered 401 by its name', async () => {
    const connection = connectRhea(hub);
    const { status, description } = await answerToToken(connection, 'Bearer eyJ0eXAi.e30.x', 'jwt');
    expect([status, description]).toEqual([401, expect.stringContaining('Microsoft Entra ID')]);
    connection.close();
  });

  test('several devices share a connection, each with its own token', async () => {
    const other = await hub.createDevice('wire-2');
    const connection = connectRhea(hub);
    await putToken(connection, deviceToken(device));
    await putToken(connection, deviceToken(other));
    for (const deviceId of ['wire', 'wire-2']) {
      const sender = connection.open_sender(`amqps://localhost/devices/${deviceId}/messages/events`);
      await next(sender, 'sendable');
      sender.send({ body: rhea.message.data_section(Buffer.from('x')) });
      await next(sender, 'accepted');
    }
    const { responseBody } = await hub.registry().get('wire-2');
    expect(responseBody.connectionState).toBe('Connected');
    connection.close();
  });

  test('a device that is deleted leaves the others of its connection alone', async () => {
    const connection = connectRhea(hub);
    const senders = [];
    for (const deviceId of ['pooled-1', 'pooled-2']) {
      await putToken(connection, deviceToken(await hub.createDevice(deviceId)));
      const sender = connection.open_sender(`/devices/${deviceId}/messages/events`);
      await next(sender, 'sendable');
      senders.push(sender);
    }
    const [goes, stays] = senders;
    const detached = detachError(goes!);
    await hub.registry().delete('pooled-1');
    expect((await detached).condition).toBe('amqp:not-found');
    stays!.send({ body: rhea.message.data_section(Buffer.from('x')) });
    await next(stays!, 'accepted');
    connection.close();
  });

  test('a policy with DeviceConnect speaks for any device', async () => {
    const connection = connectRhea(hub);
    await putToken(connection, policyToken('device'));
    const sender = connection.open_sender('/devices/wire/messages/events');
    await next(sender, 'sendable');
    const service = await detachError(connection.open_receiver('/messages/serviceBound/feedback'));
    expect(service.condition).toBe('amqp:unauthorized-access');
    connection.close();
  });

  test('a link of a device that showed no token is detached', async () => {
    const connection = connectRhea(hub);
    const error = await detachError(connection.open_sender('/devices/wire/messages/events'));
    expect(error.condition).toBe('amqp:unauthorized-access');
    expect(JSON.parse(error.description)).toMatchObject({ errorCode: 401002 });
    connection.close();
  });

  test('the token of one device does not open another', async () => {
    await hub.createDevice('wire-3');
    const connection = connectRhea(hub);
    await putToken(connection, deviceToken(device));
    const error = await detachError(connection.open_sender('/devices/wire-3/messages/events'));
    expect(error.condition).toBe('amqp:unauthorized-access');
    connection.close();
  });
});

describe('the end of a token', () => {
  test('ends the links of its device, unless it was renewed', async () => {
    await using late = await startHub();
    const [kept, lost] = [await late.createDevice('kept'), await late.createDevice('lost')];
    const connection = connectRhea(late);
    for (const each of [kept, lost]) await putToken(connection, deviceToken(each));
    const keeps = connection.open_sender('/devices/kept/messages/events');
    const loses = connection.open_sender('/devices/lost/messages/events');
    await Promise.all([next(keeps, 'sendable'), next(loses, 'sendable')]);
    await late.server.hub.advanceTime(3_000_000);
    await putToken(connection, deviceToken(kept, inAnHour()));
    const detached = detachError(loses);
    await late.server.hub.advanceTime(1_000_000);
    expect((await detached).condition).toBe('amqp:unauthorized-access');
    keeps.send({ body: rhea.message.data_section(Buffer.from('x')) });
    await next(keeps, 'accepted');
    connection.close();
  });

  test('ends the connection when it was the last one', async () => {
    await using late = await startHub();
    const only = await late.createDevice('only');
    const connection = connectRhea(late);
    await putToken(connection, deviceToken(only));
    const closed = next(connection, 'connection_close');
    await late.server.hub.advanceTime(4_000_000);
    expect((await closed).connection.error).toMatchObject({ condition: 'amqp:unauthorized-access' });
  });
});

describe('a session', () => {
  test('takes its links along when it ends, and the device is disconnected', async () => {
    const own = await hub.createDevice('session');
    const connection = connectRhea(hub);
    await putToken(connection, deviceToken(own));
    const session = connection.create_session();
    session.begin();
    await next(session.open_sender('/devices/session/messages/events'), 'sendable');
    expect(hub.server.hub.connections.find({ deviceId: 'session' })).toBeDefined();
    session.close();
    await expect.poll(() => hub.server.hub.connections.find({ deviceId: 'session' })).toBeUndefined();
    connection.close();
  });
});

describe('addresses', () => {
  test('one that nobody knows is attached, then detached as not found', async () => {
    const connection = connectRhea(hub);
    await putToken(connection, policyToken('service'));
    const link = connection.open_receiver('/messages/nowhere');
    const attached = next(link, 'receiver_open');
    const error = await detachError(link);
    await attached;
    expect(error.condition).toBe('amqp:not-found');
    expect(JSON.parse(error.description)).toMatchObject({ errorCode: 404006 });
    connection.close();
  });

  test("IoT Hub's own name of the events redirects to the Event Hubs-compatible endpoint", async () => {
    const password = policyToken('iothubowner', 'localhost/messages/events');
    const connection = connectRhea(hub, { username: 'iothubowner@sas.root.localhost', password });
    const link = connection.open_receiver('amqps://localhost/messages/events/$management');
    const { condition, info } = await detachError(link);
    const port = hub.server.ports.amqp;
    expect(condition).toBe('amqp:link:redirect');
    expect(info).toMatchObject({ hostname: `localhost:${port}`, port });
    expect(info['address']).toBe(`amqps://localhost:${port}/localhost/$management`);
    connection.close();
  });

  test('cloud-to-device messages without a device to go to are rejected', async () => {
    const connection = connectRhea(hub);
    await putToken(connection, policyToken('service'));
    const sender = connection.open_sender('amqps://localhost/messages/devicebound');
    await next(sender, 'sendable');
    for (const to of [undefined, '/devices/wire', '/devices/wire/modules/m/messages/devicebound']) {
      const rejected = next(sender, 'rejected');
      sender.send({ ...(to === undefined ? {} : { to }), body: rhea.message.data_section(Buffer.from('x')) });
      expect((await rejected).delivery?.remote_state).toMatchObject({ error: { condition: 'amqp:not-allowed' } });
    }
    connection.close();
  });
});

describe('telemetry', () => {
  test('a batch in one transfer is as many events', async () => {
    await using own = await startHub();
    const batching = await own.createDevice('batching');
    const connection = connectRhea(own);
    await putToken(connection, deviceToken(batching));
    const sender = connection.open_sender('/devices/batching/messages/events');
    await next(sender, 'sendable');
    const messages = ['1', '2', '3'].map((text) => ({
      message_id: text,
      application_properties: { kind: 'batched', number: 7 },
      message_annotations: { 'dt-subject': 'thermostat' },
      body: rhea.message.data_section(Buffer.from(text)),
    }));
    sender.send(batchOf(messages), undefined, BATCH_FORMAT);
    await next(sender, 'accepted');
    const events = await readEvents(newConsumer(own), earliestEventPosition, 3);
    expect(events.map(({ body, messageId }) => [body, messageId])).toEqual([
      [1, '1'],
      [2, '2'],
      [3, '3'],
    ]);
    // Values that are no text are dropped.
    expect(events[0]?.properties).toEqual({ kind: 'batched' });
    expect(events[0]?.systemProperties).toMatchObject({ 'dt-subject': 'thermostat' });
    connection.close();
  });

  test('a message of more than 256 KB is rejected, the link stays', async () => {
    const connection = connectRhea(hub);
    await putToken(connection, deviceToken(device));
    const sender = connection.open_sender('/devices/wire/messages/events');
    await next(sender, 'sendable');
    const rejected = next(sender, 'rejected');
    sender.send({ body: rhea.message.data_section(Buffer.alloc(256 * 1024 + 1)) });
    expect((await rejected).delivery?.remote_state).toMatchObject({
      error: { condition: 'amqp:link:message-size-exceeded' },
    });
    sender.send({ body: rhea.message.data_section(Buffer.alloc(100 * 1024)) });
    await next(sender, 'accepted');
    connection.close();
  });

  test('a message without end is not taken in: its link is detached', async () => {
    const connection = connectRhea(hub);
    await putToken(connection, deviceToken(device));
    const sender = connection.open_sender('/devices/wire/messages/events');
    await next(sender, 'sendable');
    const detached = detachError(sender);
    sender.send({ body: rhea.message.data_section(Buffer.alloc(4 * 1024 * 1024)) });
    expect((await detached).condition).toBe('amqp:link:message-size-exceeded');
    connection.close();
  });
});

describe('a client that breaks the protocol', () => {
  test.each([
    ['bytes that are no AMQP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    [
      'a frame larger than the hub announced',
      Buffer.concat([Buffer.from('AMQP\0\u0001\0\0'), Buffer.from('7fffffff0200000000', 'hex')]),
    ],
    [
      'a frame that is cut off',
      Buffer.concat([Buffer.from('AMQP\0\u0001\0\0'), Buffer.from('0000000c020000000053ff00', 'hex')]),
    ],
  ])('%s: its connection ends, others go on', async (_name, bytes) => {
    const { connect } = await import('node:tls');
    const socket = connect({ host: 'localhost', port: hub.server.ports.amqp, ca: hub.ca });
    socket.on('error', () => undefined);
    socket.write(bytes);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    const connection = connectRhea(hub);
    expect(await putToken(connection, deviceToken(device))).toBe(200);
    connection.close();
  });
});
