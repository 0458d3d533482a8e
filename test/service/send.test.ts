import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Message } from 'azure-iot-device';
import { describe, expect, test } from 'vitest';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();

/** The next message that a connected device gets; `settle` says what it does with it. */
async function receive(
  deviceId: string,
  settle: 'complete' | 'reject' | 'leave' = 'complete',
): Promise<Promise<Message>> {
  const device = await hub.connect(deviceId);
  return new Promise((resolve) => {
    device.on('message', (message: Message) => {
      if (settle === 'complete') device.complete(message, () => undefined);
      resolve(message);
    });
  });
}

/** Batches of feedback go out every 15 seconds by the hub's clock. */
const passTime = (): Promise<unknown> => hub.run(['hub', 'clock', 'advance', '16s']);

describe('send', () => {
  test.each(['amqp', 'amqp-ws'])(
    'over %s brings body, properties and system properties to the device',
    async (protocol) => {
      await hub.device(`taker-${protocol}`);
      const received = receive(`taker-${protocol}`);
      const run = await hub.run([
        ...[
          'send',
          `taker-${protocol}`,
          '{"valve":1}',
          '-p',
          protocol,
          '--property',
          'kind=command',
          '--property',
          'note=a=b',
        ],
        ...['--message-id', 'm1', '--correlation-id', 'c1', '--content-type', 'application/json', '-o', 'json'],
      ]);
      expect(run.stderr + run.stdout).toContain('Enqueued');
      expect(run.exitCode).toBe(0);
      expect(run.json()).toMatchObject({
        deviceId: `taker-${protocol}`,
        messageId: 'm1',
        ack: 'none',
        status: 'Enqueued',
      });
      const message = await received;
      expect(message.data.toString()).toBe('{"valve":1}');
      expect(message.messageId).toBe('m1');
      expect(message.correlationId).toBe('c1');
      expect(message.contentType).toBe('application/json');
      const properties = message.properties.propertyList.map(({ key, value }) => [key, value]);
      expect(properties).toEqual(
        expect.arrayContaining([
          ['kind', 'command'],
          ['note', 'a=b'],
        ]),
      );
    },
  );

  test('sends a file or stdin', async () => {
    await hub.device('files');
    writeFileSync(join(hub.home, 'body.txt'), 'from a file');
    await hub.run(['send', 'files', '@body.txt']);
    await hub.run(['send', 'files', '-'], { input: 'from stdin' });
    const device = await hub.connect('files');
    const bodies: string[] = [];
    await new Promise<void>((resolve) => {
      device.on('message', (message: Message) => {
        bodies.push(message.data.toString());
        device.complete(message, () => undefined);
        if (bodies.length === 2) resolve();
      });
    });
    expect(bodies).toEqual(['from a file', 'from stdin']);
  });

  test('--dry-run shows the message and sends nothing', async () => {
    await hub.device('dry');
    const run = await hub.run(['send', 'dry', 'hello', '--dry-run', '-o', 'json']);
    expect(run.json()).toMatchObject({ deviceId: 'dry', dryRun: true, body: 'hello' });
    const client = await hub.client();
    expect((await client.getDevice('dry'))['cloudToDeviceMessageCount']).toBe(0);
  });
});

describe('send --wait', () => {
  test('ends with 0 when the device has taken the message', async () => {
    await hub.device('waiter');
    const received = receive('waiter');
    const run = await hub.run(['send', 'waiter', 'hello', '--wait', '-o', 'json'], {
      when: { text: 'Waiting for', act: async () => (await received, passTime()) },
    });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.json()).toMatchObject({ status: 'Success', ack: 'full' });
  });

  test('ends with 6 when it has expired, and says so', async () => {
    await hub.device('away');
    const run = await hub.run(['send', 'away', 'hello', '--wait', '--expires-in', '1m'], {
      when: {
        text: 'Waiting for',
        act: async () => {
          await untilQueued('away');
          await hub.run(['hub', 'clock', 'advance', '2m']);
          await passTime();
        },
      },
    });
    expect(run.exitCode).toBe(6);
    expect(run.stdout).toContain('Expired');
    expect(run.stderr).toContain('before it expired');
  });

  test('ends with 6 when nothing is told in time', async () => {
    await hub.device('silent');
    const run = await hub.run(['send', 'silent', 'hello', '--wait', '--timeout', '1s']);
    expect(run.exitCode).toBe(6);
    expect(run.stderr).toContain('within 1s');
  });
});

describe('send that is refused', () => {
  test('ends with 3 for an unknown device', async () => {
    const run = await hub.run(['send', 'nobody', 'hello', '-o', 'json']);
    expect(run.exitCode).toBe(3);
    expect(JSON.parse(run.stderr.split('\n').find((line) => line.startsWith('{')) ?? '').error.code).toBe(
      'DeviceNotFound',
    );
  });

  test('ends with 1 when the queue of the device is full', async () => {
    await hub.device('full');
    for (let i = 0; i < 50; i++) expect((await hub.run(['send', 'full', 'x'])).exitCode).toBe(0);
    const run = await hub.run(['send', 'full', 'x']);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('DeviceMaximumQueueDepthExceeded');
  });

  test('ends with 4 for a policy that has no such key', async () => {
    const { hostName } = hub.hub.discovery;
    const key = Buffer.from('no key of this hub').toString('base64');
    const run = await hub.run(['send', 'full', 'x'], {
      env: {
        IOTHUB_CONNECTION_STRING: `HostName=${hostName};SharedAccessKeyName=nobody;SharedAccessKey=${key};GatewayHostName=${hostName}:${hub.hub.discovery.httpsPort}`,
      },
    });
    expect(run.exitCode).toBe(4);
  });

  test.each([
    [['--property', 'novalue'], 'name=value'],
    [['--ack', 'maybe'], '--ack must be one of'],
    [['--wait', '--ack', 'none'], '--wait needs feedback'],
  ])('%j is a wrong call', async (words, said) => {
    const run = await hub.run(['send', 'full', 'x', ...words]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(said);
  });

  test('ends with 9 within 10 s when the port takes the connection and says nothing', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(5671, '127.0.0.1', resolve).once('error', () => resolve()));
    const begun = performance.now();
    const run = await hub.run(['send', 'full', 'x'], {
      env: { IOTHUB_CONNECTION_STRING: 'HostName=127.0.0.1;SharedAccessKeyName=a;SharedAccessKey=YQ==' },
    });
    server.close();
    expect(run.exitCode).toBe(9);
    expect(run.stderr).toContain('127.0.0.1:5671');
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

async function untilQueued(deviceId: string): Promise<void> {
  const client = await hub.client();
  while ((await client.getDevice(deviceId))['cloudToDeviceMessageCount'] === 0);
}
