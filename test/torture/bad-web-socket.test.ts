import { once } from 'node:events';
import mqttPacket from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { sasToken } from '../support/hub.ts';
import { rounds } from './random.ts';
import { TorturedHub } from './tortured-hub.ts';

const MB = 1024 * 1024;
const MAX_MESSAGE_BYTES = 4 * MB;
const TOO_BIG = 1009; // RFC 6455, 7.4.1

describe('a bad WebSocket is borne', () => {
  test.each(['mqtt', 'AMQPWSB10'])('a message of more than 4 MB ends the connection: %s', async (protocol) => {
    await using tortured = await TorturedHub.start();
    const socket = await open(tortured, protocol);
    const closed = once(socket, 'close');
    socket.send(Buffer.alloc(MAX_MESSAGE_BYTES + 1));
    expect((await closed)[0]).toBe(TOO_BIG);
    await tortured.check();
  });

  test('so does one that never ends, before it fills the memory', async () => {
    await using tortured = await TorturedHub.start();
    const socket = await open(tortured, 'mqtt');
    const closed = once(socket, 'close');
    const before = process.memoryUsage.rss();
    for (let parts = 0; parts < 200 && socket.readyState === WebSocket.OPEN; parts += 1) {
      await new Promise<void>((sent) => socket.send(Buffer.alloc(MB), { fin: false }, () => sent()));
    }
    expect((await closed)[0]).toBe(TOO_BIG);
    expect(process.memoryUsage.rss() - before).toBeLessThan(80 * MB);
    await tortured.check();
  });

  test('frames that are no WebSocket end the connection', async () => {
    await using tortured = await TorturedHub.start();
    const socket = await open(tortured, 'mqtt');
    const closed = once(socket, 'close');
    // Behind the library's back: a frame that is not masked, with bits that nobody has given a meaning.
    Reflect.get(socket, '_socket').write(Buffer.from([0xf2, 0x02, 0x00, 0x00]));
    await closed;
    await tortured.check();
  });

  test('a text message is bytes like any other: no MQTT ends the connection', async () => {
    await using tortured = await TorturedHub.start();
    const socket = await open(tortured, 'mqtt');
    const closed = once(socket, 'close');
    socket.send(`GET / HTTP/1.1\r\nUser-Agent: ${'x'.repeat(60)}\r\n\r\n`);
    await closed;
    await tortured.check();
  });

  test('a device that never reads does not fill the memory with what it asked for', async () => {
    await using tortured = await TorturedHub.start();
    await tortured.call('PATCH', '/twins/victim', JSON.stringify({ properties: { desired: largeProperties() } }));
    const socket = await open(tortured, 'mqtt');
    socket.send(connectPacket(tortured));
    await once(socket, 'message');
    socket.send(
      mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$iothub/twin/res/#', qos: 0 }] }),
    );
    socket.pause(); // and never reads again
    const before = process.memoryUsage.rss();
    const requests = Buffer.concat(Array.from({ length: 500 }, () => getTwin()));
    for (let number = rounds(20, 200); number > 0; number -= 1) {
      const sent = new Promise<void>((resolve) => socket.send(requests, () => resolve()));
      await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    await tortured.check();
    // 500 × 20 answers of 28 KB would be 280 MB.
    expect(process.memoryUsage.rss() - before).toBeLessThan(80 * MB);
    socket.terminate();
  });
});

async function open(tortured: TorturedHub, protocol: string): Promise<WebSocket> {
  const url = `wss://localhost:${tortured.hub.server.ports.https}/$iothub/websocket`;
  const socket = new WebSocket(url, protocol, { ca: tortured.hub.ca });
  socket.on('error', () => undefined); // "close" follows
  await once(socket, 'open');
  return socket;
}

function getTwin(): Buffer {
  const topic = '$iothub/twin/GET/?$rid=1';
  return mqttPacket.generate({ cmd: 'publish', topic, payload: '', qos: 0, dup: false, retain: false });
}

function connectPacket({ victim: { deviceId, key } }: TorturedHub): Buffer {
  const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: deviceId,
    keepalive: 60,
    username: `localhost/${deviceId}/?api-version=2021-04-12`,
    password: Buffer.from(sasToken({ resource: `localhost/devices/${deviceId}`, key, expirySeconds })),
  });
}

/** Nearly as much as a section may have. */
function largeProperties(): object {
  return Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`p${i}`, 'x'.repeat(4000)]));
}
