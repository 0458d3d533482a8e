import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import azureIotDevice, { type Client } from 'azure-iot-device';
import { describe, expect, test } from 'vitest';
import { writeDiscovery } from '../../src/config/index.ts';
import { startLocalHub } from '../../src/local-hub/index.ts';
import { hubForTests, report, type RunOptions } from './hub-admin.ts';

const hub = hubForTests();

interface Line {
  time: string;
  kind: string;
  deviceId: string;
  cause?: string;
  body: unknown;
  properties: Record<string, string>;
}

/** Runs monitor, and `act` once it listens. */
async function monitor(words: string[], act: (stop: () => void) => unknown, options: RunOptions = {}) {
  const run = await hub.run(['monitor', ...words], {
    ...options,
    when: { text: 'Listening to', act: (signal) => act(() => signal('SIGINT')) },
  });
  return { ...run, lines: run.stdout.split('\n').filter((line) => line !== '') };
}

const parse = (lines: readonly string[]): Line[] => lines.map((line) => JSON.parse(line) as Line);

async function send(device: Client, body: string | Buffer, properties: Record<string, string> = {}): Promise<void> {
  const message = new azureIotDevice.Message(body);
  for (const [name, value] of Object.entries(properties)) message.properties.add(name, value);
  await device.sendEvent(message);
}

describe('monitor shows', () => {
  test.each(['amqp', 'amqp-ws'])('what a device sends, as it was sent, over %s', async (protocol) => {
    await hub.device(`sender-${protocol}`);
    const device = await hub.connect(`sender-${protocol}`);
    const run = await monitor(
      [`sender-${protocol}`, '--kind', 'telemetry', '--count', '2', '-p', protocol, '-o', 'ndjson'],
      async () => {
        await send(device, '{"t":21}', { level: 'high' });
        await send(device, Buffer.from([0xff, 0]));
      },
    );
    expect(run.exitCode, run.stderr).toBe(0);
    expect(parse(run.lines)).toMatchObject([
      { kind: 'telemetry', deviceId: `sender-${protocol}`, body: { t: 21 }, properties: { level: 'high' } },
      { kind: 'telemetry', bodyBase64: '/wA=' },
    ]);
  });

  test('twin changes with their cause, by a service and by the device', async () => {
    await hub.device('twins');
    const device = await hub.connect('twins');
    const run = await monitor(['twins', '--kind', 'twin', '--count', '3', '-o', 'ndjson'], async () => {
      await hub.run(['tag', 'twins', 'location.region=US']);
      await hub.run(['set-desired', 'twins', 'level:=2']);
      await report(device, { level: 2 });
    });
    expect(parse(run.lines).map(({ cause, body }) => [cause, body])).toMatchObject([
      ['a service changed tags (updateTwin)', { tags: { location: { region: 'US' } } }],
      ['a service changed desired properties (updateTwin)', { properties: { desired: { level: 2 } } }],
      ['the device reported properties (updateTwin)', { properties: { reported: { level: 2 } } }],
    ]);
  });

  test('devices that are created, connect, go and are deleted, in this order', async () => {
    const run = await monitor(['visitor', '--count', '4', '-o', 'ndjson'], async () => {
      await hub.device('visitor');
      const device = await hub.connect('visitor');
      await device.close();
      await hub.run(['device', 'delete', 'visitor', '--yes']);
    });
    expect(parse(run.lines).map(({ kind, cause }) => `${kind}: ${cause ?? ''}`)).toEqual([
      'lifecycle: the device was created',
      'connection: connected',
      'connection: disconnected',
      'lifecycle: the device was deleted',
    ]);
  });

  test('feedback when it is asked for', async () => {
    await hub.device('told');
    const device = await hub.connect('told');
    device.on('message', (message) => device.complete(message, () => undefined));
    const run = await hub.run(['monitor', '--kind', 'feedback', '--count', '1', '-o', 'ndjson'], {
      when: {
        text: 'Taking the feedback',
        act: async () => {
          await hub.run(['send', 'told', 'hello', '--ack', 'full', '--message-id', 'm1']);
          await untilTaken('told');
          await hub.run(['hub', 'clock', 'advance', '16s']);
        },
      },
    });
    expect(parse(run.stdout.trimEnd().split('\n'))).toMatchObject([
      { kind: 'feedback', deviceId: 'told', cause: 'the device took the message', body: { originalMessageId: 'm1' } },
    ]);
  });

  test('people a line a moment', async () => {
    await hub.device('people');
    const device = await hub.connect('people');
    const run = await monitor(['people', '--count', '2'], async () => {
      await send(device, '{"t":1}', { level: 'high' });
      await hub.run(['tag', 'people', 'location.region=US']);
    });
    expect(run.lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}people +telemetry +\{"t":1\} {2}\[level=high\]$/);
    expect(run.lines[1]).toMatch(/ twin +tags\.location\.region = "US" {2}\(a service changed tags \(updateTwin\)\)$/);
    expect(run.stderr).toContain(
      'Listening to telemetry, twin changes, devices created and deleted, connects and disconnects of "people" on localhost (4 partitions, consumer group $Default) …',
    );
  });
});

describe('monitor is limited', () => {
  test('to devices that meet a condition', async () => {
    await hub.device('red', { tags: { colour: 'red' } });
    await hub.device('blue', { tags: { colour: 'blue' } });
    const [red, blue] = [await hub.connect('red'), await hub.connect('blue')];
    const run = await monitor(
      ['--where', "tags.colour = 'red'", '--kind', 'telemetry', '--count', '1', '-o', 'ndjson'],
      async () => {
        await send(blue, '1');
        await send(red, '2');
      },
    );
    expect(parse(run.lines)).toMatchObject([{ deviceId: 'red', body: 2 }]);
  });

  test('to what has come since, from all partitions in one order', async () => {
    const ids = Array.from({ length: 6 }, (_, i) => `since-${i}`);
    const devices: Client[] = [];
    for (const id of ids) {
      await hub.device(id);
      devices.push(await hub.connect(id));
    }
    for (let round = 0; round < 5; round++) for (const device of devices) await send(device, String(round));
    const run = await monitor(
      [
        '--since',
        '1m',
        '--kind',
        'telemetry',
        '--where',
        "STARTSWITH(deviceId, 'since-')",
        '--count',
        '30',
        '-o',
        'ndjson',
      ],
      () => undefined,
    );
    const lines = parse(run.lines);
    expect(new Set(lines.map(({ deviceId }) => deviceId))).toEqual(new Set(ids));
    const times = lines.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
  });

  test('by a duration, by Ctrl-C, and by a condition', async () => {
    expect((await monitor(['--duration', '300ms'], () => undefined)).exitCode).toBe(0);
    expect((await monitor([], (stop) => stop())).exitCode).toBe(130);
    await hub.device('ripe');
    const run = await monitor(['ripe', '--until', 'tags.ripe = true', '--duration', '20s'], () =>
      hub.run(['tag', 'ripe', 'ripe:=true']),
    );
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain('tags.ripe = true');
    const late = await monitor(['ripe', '--until', 'tags.rotten = true', '--duration', '300ms'], () => undefined);
    expect(late.exitCode).toBe(6);
  });
});

describe('monitor --record', () => {
  test('writes what is shown, the bytes of each body included', async () => {
    await hub.device('recorded');
    const device = await hub.connect('recorded');
    await monitor(['recorded', '--kind', 'telemetry', '--count', '1', '--record', 'events.ndjson'], () =>
      send(device, '{ "t": 1.0 }', { a: 'b' }),
    );
    const [line] = parse(readFileSync(join(hub.home, 'events.ndjson'), 'utf8').trimEnd().split('\n'));
    const bodyBase64 = Buffer.from('{ "t": 1.0 }').toString('base64');
    expect(line).toMatchObject({ deviceId: 'recorded', body: { t: 1 }, bodyBase64, properties: { a: 'b' } });
  });

  test('refuses a file that cannot be written', async () => {
    const run = await hub.run(['monitor', '--record', 'no/such/folder.ndjson']);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('no/such/folder.ndjson');
  });
});

describe('monitor that loses its hub', () => {
  test('says so, and goes on once the hub is back, feedback included', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tandem-lost-'));
    const start = (amqpPort: number) =>
      startLocalHub({ home, httpsPort: 0, mqttPort: 0, amqpPort, notice: () => undefined });
    let running = await start(0);
    const env = { TANDEM_HOME: home };
    const words = ['--kind', 'lifecycle', '--kind', 'feedback'];
    const run = await hub.run(['monitor', ...words, '--count', '2', '--duration', '20s', '-o', 'ndjson'], {
      env,
      when: {
        text: ['Listening to', 'Taking the feedback'],
        act: async () => {
          await running.close();
          running = await start(running.discovery.amqpPort);
          await hub.run(['device', 'create', 'late'], { env });
          await hub.run(['send', 'late', 'hello', '--ack', 'full', '--expires-in', '10s'], { env });
          // The message expires; feedback is handed out in batches.
          for (const step of ['11s', '16s']) await hub.run(['hub', 'clock', 'advance', step], { env });
        },
      },
    });
    await running.close();
    rmSync(home, { recursive: true });
    expect(run.exitCode, run.stderr).toBe(0);
    // Whichever connection is back first brings its own first.
    const kinds = parse(run.stdout.trimEnd().split('\n')).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(['feedback', 'lifecycle']);
    expect(run.stderr).toContain('The connection to the events of the hub is lost');
    expect(run.stderr).toContain('The connection to the feedback of the hub is lost');
  });
});

describe('monitor that cannot listen', () => {
  test.each([
    [['-o', 'json'], 'use -o ndjson'],
    [['--kind', 'telemetrie'], 'did you mean telemetry?'],
    [['--where', 'tags. = 1'], 'tags. = 1'],
    [['--until', 'tags. = 1'], 'tags. = 1'],
  ])('%j is a wrong call', async (words, said) => {
    const run = await hub.run(['monitor', ...words]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(said);
  });

  // Side by side, since each waits for what never comes.
  test('says within 10 s which host and port do not answer, and what to try', async () => {
    await using silent = await silentPort();
    const closed = await closedPort();
    const ports = { open: undefined, closed, silent: silent.port };
    const { httpsPort, amqpPort } = hub.hub.discovery;
    const outcomes = await Promise.all(
      UNREACHABLE.map(async ({ https, amqp, words, names, tries }) => {
        const run = await monitorWith(
          { httpsPort: ports[https] ?? httpsPort, amqpPort: ports[amqp] ?? amqpPort },
          words,
        );
        const port = names === 'https' ? ports[https] : ports[amqp];
        return {
          case: `${https} ${amqp} ${words.join(' ')}`,
          exitCode: run.exitCode,
          names: run.stderr.includes(`localhost:${port ?? 0}`),
          tries: tries.test(run.stderr) ? 'told' : run.stderr,
          inTime: run.elapsedMs < 10_000 ? true : run.elapsedMs,
        };
      }),
    );
    expect(outcomes).toEqual(
      outcomes.map((outcome) => ({ case: outcome.case, exitCode: 9, names: true, tries: 'told', inTime: true })),
    );
  });

  test('ends with 4 for a key that the hub does not know', async () => {
    const { hostName, httpsPort } = hub.hub.discovery;
    const run = await hub.run(['monitor'], {
      env: {
        IOTHUB_CONNECTION_STRING: `HostName=${hostName};SharedAccessKeyName=service;SharedAccessKey=d3Jvbmc=;GatewayHostName=${hostName}:${httpsPort}`,
      },
    });
    expect(run.exitCode, run.stderr).toBe(4);
    expect(run.stderr).toContain('"service"');
  });
});

type Port = 'open' | 'closed' | 'silent';

interface Unreachable {
  https: Port;
  amqp: Port;
  words: string[];
  /** Whose port is to blame. */
  names: 'https' | 'amqp';
  tries: RegExp;
}

const WHERE = ['--where', 'tags.x = 1'];
const UNTIL = ['--until', 'tags.x = 1'];
const CHECK = /\n +check .*hub-admin doctor/;
const UNREACHABLE: Unreachable[] = [
  { https: 'open', amqp: 'closed', words: [], names: 'amqp', tries: /is open: try --protocol amqp-ws/ },
  { https: 'open', amqp: 'silent', words: [], names: 'amqp', tries: /is open: try --protocol amqp-ws/ },
  { https: 'open', amqp: 'silent', words: UNTIL, names: 'amqp', tries: /is open: try --protocol amqp-ws/ },
  { https: 'open', amqp: 'silent', words: ['--kind', 'feedback'], names: 'amqp', tries: /try --protocol amqp-ws/ },
  { https: 'closed', amqp: 'open', words: ['-p', 'amqp-ws'], names: 'https', tries: /is open: try --protocol amqp;/ },
  { https: 'closed', amqp: 'open', words: WHERE, names: 'https', tries: /\n +check that the hub runs, and its port/ },
  { https: 'closed', amqp: 'closed', words: [], names: 'amqp', tries: CHECK },
  { https: 'silent', amqp: 'open', words: WHERE, names: 'https', tries: CHECK },
  { https: 'silent', amqp: 'open', words: [...UNTIL, '--duration', '30s'], names: 'https', tries: CHECK },
  { https: 'silent', amqp: 'closed', words: UNTIL, names: 'amqp', tries: CHECK },
  { https: 'silent', amqp: 'silent', words: WHERE, names: 'amqp', tries: CHECK },
];

/** Runs monitor where the hub is said to listen on these ports. */
async function monitorWith(ports: { httpsPort: number; amqpPort: number }, words: readonly string[]) {
  const home = mkdtempSync(join(tmpdir(), 'tandem-unreachable-'));
  writeDiscovery(home, { ...hub.hub.discovery, ...ports });
  const begun = performance.now();
  const run = await hub.run(['monitor', ...words], { env: { TANDEM_HOME: home } });
  rmSync(home, { recursive: true });
  return { ...run, elapsedMs: performance.now() - begun };
}

/** Takes connections and never says a word. */
async function silentPort(): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => Promise.resolve(void server.close()) };
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilTaken(deviceId: string): Promise<void> {
  const client = await hub.client();
  while ((await client.getDevice(deviceId))['cloudToDeviceMessageCount'] !== 0);
}
