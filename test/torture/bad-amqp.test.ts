import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import rhea, { type Connection } from 'rhea';
import { expect, test } from 'vitest';
import { sasToken } from '../support/hub.ts';
import { BATCH_FORMAT, connectRhea } from '../hub/front-ends/amqp/rhea-client.ts';
import { mutate } from './mutate.ts';
import { IS_LONG, Random, rounds, SEED } from './random.ts';
import { TorturedHub } from './tortured-hub.ts';

const AT_ONCE = 8;
const PATIENCE_MS = 400;
const LINGER_MS = 20;

test(
  `mutated AMQP frames end the connection they came by, or nothing (seed ${SEED})`,
  { timeout: IS_LONG ? 3_600_000 : 60_000 },
  async () => {
    await using tortured = await TorturedHub.start();
    const sessions = [await recordDevice(tortured), await recordService(tortured)];
    const secureContext = createSecureContext({ ca: tortured.hub.ca });
    const port = tortured.hub.server.ports.amqp;
    // As they are, they are understood: what is mutated comes far.
    for (const session of sessions) expect(await attack({ port, secureContext }, session)).toBeGreaterThan(500);
    const attacks = rounds(500, 200_000);
    let frames = 0;
    for (let started = 0; frames < attacks;) {
      const lane = async (): Promise<void> => {
        started += 1;
        const random = new Random(SEED + started);
        const session = random.pick(sessions);
        // A good beginning, so that the bad frames come far; then good and bad ones.
        const good = random.below(session.length);
        const bad = session.slice(good).map((frame) => (random.chance(0.4) ? mutate(frame, random) : frame));
        frames += bad.length;
        await attack({ port, secureContext }, [...session.slice(0, good), ...bad]);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
      if (started % 80 === 0) await tortured.check();
    }
    await tortured.check();
    await expect.poll(() => tortured.hub.server.hub.connections.count, { timeout: 10_000 }).toBe(1);
  },
);

test.each([
  ['of no format that is known', Buffer.from('no message'), 77],
  ['in a batch', rhea.message.encode({ body: rhea.message.data_sections([Buffer.from('no message')]) }), BATCH_FORMAT],
])('bytes that are no message, %s, are rejected, and the link lives on', async (_what, bytes, format) => {
  await using tortured = await TorturedHub.start();
  const { hub, victim } = tortured;
  const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
  const password = sasToken({ resource: 'localhost/devices/victim', key: victim.key, expirySeconds });
  const connection = connectRhea(hub, { username: 'victim@sas.localhost', password });
  const sender = connection.open_sender('/devices/victim/messages/events');
  await once(sender, 'sendable');
  const rejected = once(sender, 'rejected');
  sender.send(bytes, undefined, format);
  await rejected;
  const accepted = once(sender, 'accepted');
  sender.send({ body: rhea.message.data_section(Buffer.from('x')) });
  await accepted;
  connection.close();
  await tortured.check();
});

// The first frame that anybody may send, so nobody needs a credential for it.
test.each([
  ['an array of nothings', 'f0000000050fffffff40'],
  ['an array of empty lists', 'f0000000050fffffff45'],
  ['an array of UUIDs without their bytes', 'f0000000050fffffff98'],
  ['a list', 'd0000000050fffffff'],
  ['a map', 'd1000000050fffffff'],
])('a few bytes that announce 268 million elements cost no more than themselves: %s', async (_what, hex) => {
  await using tortured = await TorturedHub.start();
  const value = Buffer.from(hex, 'hex');
  // open: a list of one field, which is what it should not be.
  const performative = Buffer.concat([Buffer.from([0x00, 0x53, 0x10, 0xc0, value.length + 1, 1]), value]);
  const header = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
  header.writeUInt32BE(header.length + performative.length);
  const before = process.memoryUsage.rss();
  const secureContext = createSecureContext({ ca: tortured.hub.ca });
  const bytes = Buffer.concat([Buffer.from('AMQP\0\u0001\0\0'), header, performative]);
  await attack({ port: tortured.hub.server.ports.amqp, secureContext }, [bytes]);
  await tortured.check();
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024);
});

interface AmqpWriter {
  write(value: unknown): void;
  toBuffer(): Buffer;
}

test('link properties that are a list are no fault of the hub', async () => {
  await using tortured = await TorturedHub.start();
  const session = await recordDevice(tortured);
  const attachAt = session.findIndex((frame) => frame.includes('/messages/events'));
  const address = rhea.types.wrap_described(rhea.types.wrap_list([rhea.types.wrap_string('/nowhere')]), 0x29);
  const nothing = Array.from({ length: 6 }, () => rhea.types.wrap(null));
  const attach = [
    rhea.types.wrap_string('link'),
    rhea.types.wrap_uint(0),
    rhea.types.wrap_boolean(false),
    rhea.types.wrap(null),
    rhea.types.wrap(null),
    rhea.types.wrap(null),
    address,
    ...nothing,
    rhea.types.wrap_list([]),
  ];
  const { Writer } = rhea.types as unknown as { Writer: new () => AmqpWriter }; // not in rhea's declarations
  const writer = new Writer();
  writer.write(rhea.types.wrap_described(rhea.types.wrap_list(attach), 0x12));
  const performative = writer.toBuffer();
  const header = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
  header.writeUInt32BE(header.length + performative.length);
  const secureContext = createSecureContext({ ca: tortured.hub.ca });
  const frames = [...session.slice(0, attachAt), Buffer.concat([header, performative])];
  await attack({ port: tortured.hub.server.ports.amqp, secureContext }, frames);
  await tortured.check();
});

// AMQP 1.0 §2.7.5. Unhandled, what it threw would have ended the hub.
test('a transfer without a delivery-id ends its connection, and is no fault of the hub', async () => {
  await using tortured = await TorturedHub.start();
  const { hub, victim } = tortured;
  const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
  const password = sasToken({ resource: 'localhost/devices/victim', key: victim.key, expirySeconds });
  const connection = connectRhea(hub, { username: 'victim@sas.localhost', password });
  await once(connection.open_sender('/devices/victim/messages/events'), 'sendable');
  // A list of handle, no delivery-id, a delivery-tag, message-format 0; behind it a message of one byte.
  const performative = Buffer.from('005314c0070443' + '40' + 'a00131' + '43', 'hex');
  const payload = Buffer.from('005375a00178', 'hex');
  const header = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
  header.writeUInt32BE(header.length + performative.length + payload.length);
  const ended = once(connection, 'disconnected');
  (Reflect.get(connection, 'socket') as TLSSocket).write(Buffer.concat([header, performative, payload]));
  await ended;
  await tortured.check();
});

/** What a device sends that connects, sends telemetry, asks for its twin and listens: each write of its socket. */
function recordDevice(tortured: TorturedHub): Promise<Buffer[]> {
  const { victim } = tortured;
  const expirySeconds = Math.floor(Date.now() / 1000) + 36_000;
  const password = sasToken({ resource: `localhost/devices/${victim.deviceId}`, key: victim.key, expirySeconds });
  return record(tortured, { username: `${victim.deviceId}@sas.localhost`, password }, async (connection) => {
    const telemetry = connection.open_sender('/devices/victim/messages/events');
    await once(telemetry, 'sendable');
    telemetry.send({
      application_properties: { a: 'b', __proto__x: 1 },
      message_annotations: { 'x-opt-a': 1 },
      body: rhea.message.data_section(Buffer.from('{"t":1}')),
    });
    await once(telemetry, 'accepted');
    const properties = { 'com.microsoft:channel-correlation-id': 'twin:1', 'com.microsoft:api-version': '2021-04-12' };
    const answers = connection.open_receiver({ source: '/devices/victim/twin', properties });
    const requests = connection.open_sender({ target: '/devices/victim/twin', properties });
    await once(requests, 'sendable');
    requests.send({ correlation_id: '1', message_annotations: { operation: 'GET' }, body: undefined });
    await once(answers, 'message');
    connection.open_receiver('/devices/victim/messages/devicebound');
  });
}

/** What a service sends that proves itself by `$cbs`, sends messages, and reads events. */
function recordService(tortured: TorturedHub): Promise<Buffer[]> {
  return record(tortured, { username: 'anybody' }, async (connection) => {
    const answers = connection.open_receiver({ source: '$cbs' });
    const claims = connection.open_sender('$cbs');
    await once(claims, 'sendable');
    claims.send({
      message_id: '1',
      reply_to: 'cbs',
      application_properties: { operation: 'put-token', type: 'servicebus.windows.net:sastoken', name: 'any' },
      body: tortured.token('localhost'),
    });
    await once(answers, 'message');
    const messages = connection.open_sender('/messages/devicebound');
    await once(messages, 'sendable');
    messages.send({
      to: '/devices/victim/messages/devicebound',
      application_properties: { 'iothub-ack': 'full' },
      body: rhea.message.data_section(Buffer.from('hello')),
    });
    await once(messages, 'accepted');
    connection.open_receiver('/messages/serviceBound/feedback');
  });
}

async function record(
  tortured: TorturedHub,
  credentials: { username: string; password?: string },
  play: (connection: Connection) => Promise<void>,
): Promise<Buffer[]> {
  const writes: Buffer[] = [];
  const port = tortured.hub.server.ports.amqp;
  const connection = rhea.create_container().connect({
    ...credentials,
    host: 'localhost',
    port,
    reconnect: false,
    connection_details: () => ({
      host: 'localhost',
      port,
      connect: (_port: number, _host: string, _options: object, connected: () => void): TLSSocket => {
        const socket = connect({ host: 'localhost', port, ca: tortured.hub.ca }, connected);
        const write = socket.write.bind(socket);
        socket.write = (chunk: Buffer) => {
          writes.push(Buffer.from(chunk));
          return write(chunk);
        };
        return socket;
      },
    }),
  });
  await once(connection, 'connection_open');
  await play(connection);
  const frames = writes.flatMap(splitFrames);
  const closed = once(connection, 'connection_close');
  connection.close();
  await closed;
  return frames; // without the last one, which would make the hub let go of all the others before it has looked at them
}

function once(emitter: NodeJS.EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => emitter.once(event, () => resolve()));
}

const PROTOCOL_HEADER_BYTES = 8;

/** A write may hold several frames; the protocol header stands alone. */
function splitFrames(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const isHeader = bytes.toString('latin1', at, at + 4) === 'AMQP';
    const length = isHeader ? PROTOCOL_HEADER_BYTES : Math.max(bytes.readUInt32BE(at), PROTOCOL_HEADER_BYTES);
    frames.push(bytes.subarray(at, at + length));
    at += length;
  }
  return frames;
}

const SASL_FRAMES = 2;

/** Sends the frames of SASL, and the others when they were answered; returns how many bytes the hub answered with. */
function attack(
  { port, secureContext }: { port: number; secureContext: SecureContext },
  frames: readonly Buffer[],
): Promise<number> {
  return new Promise((resolve) => {
    let answered = 0;
    const socket = connect({ host: 'localhost', port, secureContext }, () => {
      for (const frame of frames.slice(0, SASL_FRAMES)) socket.write(frame);
    });
    const sendRest = (): void => {
      for (const frame of frames.slice(SASL_FRAMES)) socket.write(frame);
      // What the hub still has to say is read, for a moment.
      setTimeout(() => socket.end(), LINGER_MS);
    };
    const late = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.once('data', () => setTimeout(sendRest, 1));
    socket.on('data', (chunk: Buffer) => (answered += chunk.length));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(late);
      resolve(answered);
    });
  });
}
