import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import mqttPacket from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { sasToken } from '../support/hub.ts';
import { IS_LONG, rounds } from './random.ts';
import { TorturedHub } from './tortured-hub.ts';

const TIMEOUT = { timeout: IS_LONG ? 600_000 : 60_000 };
const MB = 1024 * 1024;

describe('a bad network is borne', TIMEOUT, () => {
  test('connections that never say a word cost little, and nobody else is kept waiting', async () => {
    await using tortured = await TorturedHub.start();
    const { mqtt, https, amqp } = tortured.hub.server.ports;
    const before = process.memoryUsage.rss();
    const silent: Socket[] = [];
    for (let number = rounds(500, 5_000); number > 0; number -= 1) {
      const socket = connectTcp([mqtt, https, amqp][number % 3] ?? mqtt, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      silent.push(socket);
      if (number % 500 === 0) await tortured.check();
    }
    await tortured.check();
    // Both ends of every connection are in this process.
    expect(process.memoryUsage.rss() - before).toBeLessThan(silent.length * 100 * 1024 + 100 * MB);
    for (const socket of silent) socket.destroy();
  });

  test('behind TLS too, without a CONNECT', async () => {
    await using tortured = await TorturedHub.start();
    const silent: TLSSocket[] = [];
    for (let number = rounds(150, 2_000); number > 0; number -= 1) silent.push(await dial(tortured));
    await tortured.check();
    for (const socket of silent) socket.destroy();
  });

  test('a device that sends a byte at a time is understood', async () => {
    await using tortured = await TorturedHub.start();
    const socket = await dial(tortured);
    const answers = collect(socket);
    const telemetry = mqttPacket.generate({
      cmd: 'publish',
      topic: 'devices/victim/messages/events/',
      payload: 'x'.repeat(300),
      qos: 1,
      messageId: 5,
      dup: false,
      retain: false,
    });
    for (const byte of Buffer.concat([connectPacket(tortured), telemetry])) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => answers().toString('hex')).toBe('2002000040020005');
    await tortured.check();
    socket.destroy();
  });

  test('a device that announces a large packet and sends it byte by byte holds no more than it has sent', async () => {
    await using tortured = await TorturedHub.start();
    const before = process.memoryUsage.rss();
    const liars: TLSSocket[] = [];
    for (let number = rounds(100, 1_000); number > 0; number -= 1) {
      const socket = await dial(tortured);
      socket.write(Buffer.from([0x10, 0xff, 0xff, 0x0f])); // a CONNECT of 256 KB
      socket.write('a few bytes of it');
      liars.push(socket);
    }
    await tortured.check();
    expect(process.memoryUsage.rss() - before).toBeLessThan(liars.length * 150 * 1024 + 100 * MB);
    for (const socket of liars) socket.destroy();
  });

  test('a device that never reads does not fill the memory with what it asked for', async () => {
    await using tortured = await TorturedHub.start();
    await tortured.call('PATCH', '/twins/victim', JSON.stringify({ properties: { desired: largeProperties() } }));
    const socket = await dial(tortured);
    socket.write(connectPacket(tortured));
    socket.write(
      mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$iothub/twin/res/#', qos: 0 }] }),
    );
    socket.pause(); // and never reads again
    const before = process.memoryUsage.rss();
    const requests = Buffer.concat(
      Array.from({ length: 500 }, () =>
        mqttPacket.generate({
          cmd: 'publish',
          topic: '$iothub/twin/GET/?$rid=1',
          payload: '',
          qos: 0,
          dup: false,
          retain: false,
        }),
      ),
    );
    for (let number = rounds(20, 200); number > 0; number -= 1) {
      if (!socket.write(requests))
        await Promise.race([once(socket, 'drain'), new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    await tortured.check();
    // 500 × 20 answers of 16 KB would be 160 MB.
    expect(process.memoryUsage.rss() - before).toBeLessThan(80 * MB);
    socket.destroy();
  });

  test('a device that connects and drops over and over leaves nothing behind', async () => {
    await using tortured = await TorturedHub.start();
    const { connections } = tortured.hub.server.hub;
    for (let number = rounds(100, 6_000); number > 0; number -= 1) {
      const raw = connectTcp(tortured.hub.server.ports.mqtt, '127.0.0.1');
      const socket = await secured(tortured, raw);
      socket.write(connectPacket(tortured));
      if (number % 2 === 0) await once(socket, 'data');
      raw.resetAndDestroy();
      if (number % 500 === 0) await tortured.check();
    }
    await tortured.check();
    await expect.poll(() => connections.count).toBe(1);
  });

  test('a half-open connection makes room for the next one of the same device', async () => {
    await using tortured = await TorturedHub.start();
    const first = await dial(tortured);
    first.write(connectPacket(tortured));
    await once(first, 'data');
    const ended = once(first, 'close');
    // The device has moved on; its old connection never said so.
    const second = await dial(tortured);
    second.write(connectPacket(tortured));
    await once(second, 'data');
    await ended;
    expect(tortured.hub.server.hub.connections.count).toBe(2);
    await tortured.check();
    second.destroy();
  });

  test('a request that comes a byte at a time is answered', async () => {
    await using tortured = await TorturedHub.start();
    const socket = await dial(tortured, tortured.hub.server.ports.https);
    const answers = collect(socket);
    const request = `GET /twins/victim?api-version=2021-04-12 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${tortured.token('localhost')}\r\n\r\n`;
    for (const byte of Buffer.from(request)) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => answers().toString()).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });
});

let secureContext: SecureContext | undefined;

function dial(tortured: TorturedHub, port = tortured.hub.server.ports.mqtt): Promise<TLSSocket> {
  return secured(tortured, connectTcp(port, '127.0.0.1'));
}

async function secured(tortured: TorturedHub, raw: Socket): Promise<TLSSocket> {
  secureContext ??= createSecureContext({ ca: tortured.hub.ca });
  raw.on('error', () => undefined);
  const socket = connect({ socket: raw, servername: 'localhost', secureContext });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

function collect(socket: TLSSocket): () => Buffer {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

function connectPacket({ victim }: TorturedHub): Buffer {
  const { deviceId, key } = victim;
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
