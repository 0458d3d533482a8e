import { connect, createSecureContext, type SecureContext } from 'node:tls';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { sasToken } from '../support/hub.ts';
import { mutate } from './mutate.ts';
import { IS_LONG, Random, rounds, SEED } from './random.ts';
import { TorturedHub } from './tortured-hub.ts';

const PACKETS_A_CONNECTION = 25;
const AT_ONCE = 8;

test(
  `mutated MQTT packets end the connection they came by, or nothing (seed ${SEED})`,
  { timeout: IS_LONG ? 3_600_000 : 60_000 },
  async () => {
    await using tortured = await TorturedHub.start();
    const secureContext = createSecureContext({ ca: tortured.hub.ca });
    const packets = validPackets();
    const connections = Math.ceil(rounds(5_000, 500_000) / PACKETS_A_CONNECTION);
    let started = 0;
    const lane = async (): Promise<void> => {
      while (started < connections) {
        started += 1;
        const random = new Random(SEED + started);
        const greeting = greetingOf(tortured, random);
        const bytes = Buffer.concat(
          Array.from({ length: PACKETS_A_CONNECTION }, () => {
            const packet = random.pick(packets);
            return random.chance(0.5) ? mutate(packet, random) : packet;
          }),
        );
        await attack({ port: tortured.hub.server.ports.mqtt, secureContext }, [...greeting, bytes], random);
        if (started % 200 === 0) await tortured.check();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    await tortured.check();
    await nobodyStays(tortured);
  },
);

describe('what bad MQTT once found', () => {
  test('a PUBLISH whose topic is longer than the packet does not read into the next packet', async () => {
    await using tortured = await TorturedHub.start();
    const secureContext = createSecureContext({ ca: tortured.hub.ca });
    const liar = Buffer.from([0x30, 0x04, 0x00, 0x20, 0x61, 0x62]);
    const next = mqttPacket.generate({ cmd: 'pingreq' });
    const answer = await attack(
      { port: tortured.hub.server.ports.mqtt, secureContext },
      [connectPacket(tortured), Buffer.concat([liar, next])],
      new Random(1),
    );
    expect(answer.toString('hex')).toBe('20020000'); // the CONNACK and no PINGRESP
    await tortured.check();
  });

  test.each([
    ['SUBSCRIBE', Buffer.from([0x82, 0x02, 0x00, 0x07])], // [MQTT-3.8.3-3]
    ['UNSUBSCRIBE', Buffer.from([0xa2, 0x02, 0x00, 0x07])], // [MQTT-3.10.3-2]
  ])('a %s without a topic filter ends the connection, and is no fault of the hub', async (_what, packet) => {
    await using tortured = await TorturedHub.start();
    const secureContext = createSecureContext({ ca: tortured.hub.ca });
    const next = mqttPacket.generate({ cmd: 'pingreq' });
    const answer = await attack(
      { port: tortured.hub.server.ports.mqtt, secureContext },
      [connectPacket(tortured), Buffer.concat([packet, next])],
      new Random(1),
    );
    expect(answer.toString('hex')).toBe('20020000');
    await tortured.check();
  });
});

/** The valid packets that are mutated: one of each kind that a device may send, and those that it may not. */
function validPackets(): Buffer[] {
  const publish = (topic: string, payload: string, qos: 0 | 1 | 2 = 1): Packet => ({
    cmd: 'publish',
    topic,
    payload,
    qos,
    dup: false,
    retain: false,
    ...(qos === 0 ? {} : { messageId: 7 }),
  });
  const packets: Packet[] = [
    publish('devices/victim/messages/events/', '{"t":1}'),
    publish('devices/victim/messages/events/$.ct=application%2Fjson&$.ce=utf-8&a=b&__proto__=x', '{"t":1}'),
    publish('devices/victim/messages/events/a=%E4', 'x', 0),
    publish('$iothub/twin/GET/?$rid=1', '', 0),
    publish('$iothub/twin/PATCH/properties/reported/?$rid=2', '{"a":{"b":1},"__proto__":{"polluted":1}}', 0),
    publish('$iothub/twin/PATCH/properties/reported/?$rid=2&$version=3', '{"a":null}', 1),
    publish('$iothub/methods/res/200/?$rid=1', '{}', 0),
    publish('devices/honest/messages/events/', 'not mine'),
    publish('$SYS/broker', 'x', 2),
    { cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: '$iothub/twin/res/#', qos: 0 }] },
    { cmd: 'subscribe', messageId: 4, subscriptions: [{ topic: '$iothub/methods/POST/#', qos: 1 }] },
    { cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: 'devices/victim/messages/devicebound/#', qos: 2 }] },
    { cmd: 'subscribe', messageId: 6, subscriptions: [{ topic: '#', qos: 0 }] },
    { cmd: 'unsubscribe', messageId: 8, unsubscriptions: ['$iothub/twin/res/#', 'nothing'] },
    { cmd: 'puback', messageId: 1 },
    { cmd: 'pubrel', messageId: 1 },
    { cmd: 'pingreq' },
    { cmd: 'pingresp' },
    { cmd: 'connack', returnCode: 0, sessionPresent: false },
  ];
  return packets.map((packet) => mqttPacket.generate(packet));
}

/** Mostly a CONNECT that is let in; else a spoilt one, or none. */
function greetingOf(tortured: TorturedHub, random: Random): Buffer[] {
  if (random.chance(0.6)) return [connectPacket(tortured)];
  return random.chance(0.7) ? [mutate(connectPacket(tortured), random)] : [];
}

function connectPacket({ victim }: TorturedHub): Buffer {
  const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: victim.deviceId,
    keepalive: 60,
    username: `localhost/${victim.deviceId}/?api-version=2021-04-12`,
    password: Buffer.from(
      sasToken({ resource: `localhost/devices/${victim.deviceId}`, key: victim.key, expirySeconds }),
    ),
    will: { topic: 'devices/victim/messages/events/', payload: Buffer.from('will'), qos: 1, retain: false },
  });
}

const MAX_PATIENCE_MS = 2_000;

/** Sends pieces and goes away when the hub has answered or closed; returns what the hub said. */
function attack(
  { port, secureContext }: { port: number; secureContext: SecureContext },
  pieces: readonly Buffer[],
  random: Random,
): Promise<Buffer> {
  return new Promise((resolve) => {
    const answers: Buffer[] = [];
    const socket = connect({ host: 'localhost', port, secureContext }, () => {
      for (const piece of pieces) {
        // In the middle of packets as well as between them.
        const cut = random.below(piece.length + 1);
        socket.write(piece.subarray(0, cut));
        socket.write(piece.subarray(cut));
      }
      // Both orderly and not; what the hub still has to say is read in the first case.
      if (random.chance(0.8)) socket.end();
      else setTimeout(() => socket.destroy(), random.below(5));
    });
    const late = setTimeout(() => socket.destroy(), MAX_PATIENCE_MS);
    socket.on('data', (chunk) => answers.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(late);
      resolve(Buffer.concat(answers));
    });
  });
}

/** Behind the last attack only the honest device is connected. */
async function nobodyStays(tortured: TorturedHub): Promise<void> {
  await expect.poll(() => tortured.hub.server.hub.connections.count, { timeout: 10_000 }).toBe(1);
}
