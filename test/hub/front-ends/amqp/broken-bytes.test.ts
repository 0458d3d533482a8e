import { connect, type TLSSocket } from 'node:tls';
import rhea from 'rhea';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sasToken, startHub, type TestHub } from '../../../support/hub.ts';
import { connectRhea, next, putToken } from './rhea-client.ts';

const ROUNDS = 100;
const HEADER = Buffer.from('AMQP\0\u0001\0\0');
/** `open` with the container id "a" and the host name "localhost". */
const OPEN = Buffer.from('0000001c02000000005310c00f02a10161a1096c6f63616c686f7374', 'hex');

let hub: TestHub;
let token: string;
beforeAll(async () => {
  hub = await startHub();
  const { key } = await hub.createDevice('d');
  token = sasToken({ resource: 'localhost/devices/d', key, expirySeconds: Math.floor(Date.now() / 1000) + 3600 });
});
afterAll(() => hub.close());

/** All that a client sends behind its `open`: claims, links of every kind, messages, detach, close. */
async function recordClient(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const connection = connectRhea(hub);
  await next(connection, 'connection_open');
  const socket = Reflect.get(connection, 'socket') as TLSSocket;
  const write = socket.write.bind(socket);
  socket.write = (bytes: Buffer) => {
    chunks.push(Buffer.from(bytes));
    return write(bytes);
  };
  await putToken(connection, token);
  for (const address of ['/devices/d/twin', '/devices/d/methods/devicebound', '/devices/d/messages/devicebound']) {
    await next(connection.open_receiver(address), 'receiver_open');
  }
  const twin = connection.open_sender('/devices/d/twin');
  await next(twin, 'sendable');
  twin.send({ correlation_id: '1', message_annotations: { operation: 'GET' }, body: section(' ') });
  const events = connection.open_sender('/devices/d/messages/events');
  await next(events, 'sendable');
  events.send({ message_id: 'a', application_properties: { a: 'b' }, body: section('x') });
  await next(events, 'accepted');
  events.close();
  await next(events, 'sender_close');
  connection.close();
  await next(connection, 'connection_close');
  return Buffer.concat(chunks);
}

function section(text: string): unknown {
  return rhea.message.data_section(Buffer.from(text));
}

/** The same on every run. */
function newRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state % below;
  };
}

// A fault of the hub fails this run: startHub throws it.
test('a hub bears a client of which some bytes are wrong, whichever they are', { timeout: 60_000 }, async () => {
  const whole = Buffer.concat([HEADER, OPEN, await recordClient()]);
  const random = newRandom(7);
  for (let round = 0; round < ROUNDS; round += 1) {
    const bytes = Buffer.from(whole);
    const untouched = HEADER.length + OPEN.length;
    for (let n = 0; n <= random(4); n += 1) bytes[untouched + random(bytes.length - untouched)] = random(256);
    const socket = connect({ host: 'localhost', port: hub.server.ports.amqp, ca: hub.ca });
    socket.on('error', () => undefined);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end(bytes);
    await closed;
  }
  await expect.poll(() => hub.server.hub.connections.count).toBe(0);
  const connection = connectRhea(hub);
  expect(await putToken(connection, token)).toBe(200);
  connection.close();
});
