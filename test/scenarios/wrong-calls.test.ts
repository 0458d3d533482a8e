import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeDiscovery } from '../../src/config/index.ts';
import { sasToken, startHub, type TestHub } from '../support/hub.ts';
import { type Ended, type ProgramName, Programs } from '../support/programs.ts';

// Every way to call the programs wrongly, or to meet a hub or a device that does not do its part:
// its exit code, one message that says what to do, no stack trace.

const KEY = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ=';
const FORGED = `HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`;

let hub: TestHub;
let programs: Programs;
let nowhere: Programs;
let taken: Server;
const emptyHome = mkdtempSync(join(tmpdir(), 'tandem-empty-'));

beforeAll(async () => {
  hub = await startHub();
  programs = new Programs();
  nowhere = new Programs();
  discover(programs.home, hub);
  taken = createServer().listen(0, '127.0.0.1');
  for (const id of ['offline', 'online', 'disabled', 'other']) await hub.createDevice(id);
  await programs.hubAdmin('device', 'disable', 'disabled');
  await programs.hubAdmin('tag', 'online', 'place=here');
  await programs.hubAdmin('tag', 'offline', 'place=here');
  const device = programs.start('sim-device', [
    ...['-d', 'online', '--method', 'fail:500={"why":"broken"}', '--method', 'mute:none', '--apply-seconds', '0'],
  ]);
  await device.prints(/connected/i);
  await programs.hubAdmin('wait', 'online', "connectionState = 'Connected' AND is_defined(properties.reported.status)");
});

afterAll(async () => {
  await programs[Symbol.asyncDispose]();
  await nowhere[Symbol.asyncDispose]();
  taken.close();
  await hub.close();
  rmSync(emptyHome, { recursive: true, force: true });
});

describe.concurrent('without a hub that answers', () => {
  test.each([
    ['no hub at all', 9, {}, 'start one with: hub-admin hub'],
    ['nothing listens there', 9, { IOTHUB_CONNECTION_STRING: `${FORGED};GatewayHostName=localhost:1` }, 'ECONNREFUSED'],
    [
      'the name is not found',
      9,
      { IOTHUB_CONNECTION_STRING: FORGED.replace('localhost', 'no-such-hub.invalid') },
      'check HostName',
    ],
    [
      'a malformed connection string',
      2,
      { IOTHUB_CONNECTION_STRING: 'HostName=localhost' },
      'it has no SharedAccessKeyName',
    ],
    [
      'a device string where a service string is needed',
      2,
      { IOTHUB_CONNECTION_STRING: `HostName=h;DeviceId=d;SharedAccessKey=${KEY}` },
      'is a device connection string',
    ],
    [
      'only a device string',
      2,
      { IOTHUB_DEVICE_CONNECTION_STRING: `HostName=h;DeviceId=d;SharedAccessKey=${KEY}` },
      'IOTHUB_CONNECTION_STRING',
    ],
  ])('%s is %d', async (_name, code, env, message) => {
    expectRefusal(await nowhere.run('hub-admin', ['query'], { env }), code, message);
  });

  test('an untrusted certificate is 9', async () => {
    const env = { IOTHUB_CONNECTION_STRING: `${hub.connectionString};GatewayHostName=localhost:${httpsPort()}` };
    expectRefusal(await nowhere.run('hub-admin', ['query'], { env }), 9, 'certificate is signed by nobody');
  });
});

describe('with credentials that are not good enough', () => {
  test.each([
    ['a wrong key', (): string => FORGED, ['query'], 'refused the credentials'],
    ['a policy without the permission', policyString, ['device', 'create', 'new'], 'lacks the permission'],
  ])('%s is 4', async (_name, connectionString, words, message) => {
    const env = { IOTHUB_CONNECTION_STRING: `${connectionString()};GatewayHostName=localhost:${httpsPort()}` };
    expectRefusal(await programs.run('hub-admin', words, { env }), 4, message);
  });

  test('an expired token of a device, made by hand, is 4', async () => {
    const key = (await programs.hubAdminJson('device', 'show', 'offline', '--show-keys')).authentication.symmetricKey
      .primaryKey;
    const expirySeconds = Math.floor(Date.now() / 1000) - 3600; // the hub forgives 5 minutes
    const token = sasToken({ resource: 'localhost/devices/offline', key, expirySeconds });
    const string = `HostName=localhost;DeviceId=offline;SharedAccessSignature=${token};GatewayHostName=localhost:${mqttPort()}`;
    const env = { IOTHUB_DEVICE_CONNECTION_STRING: string };
    expectRefusal(await programs.run('sim-device', [], { env }), 4, '');
  });

  test('a disabled device is 4', async () => {
    expectRefusal(await programs.run('sim-device', ['-d', 'disabled']), 4, '');
  });
});

// Several at once: most of the time is waiting.
describe.concurrent('with devices that are not there, or do not do it', () => {
  test.each<[string, number, string[], string]>([
    ['an unknown device', 3, ['reboot', 'nobody'], 'there is no device "nobody"'],
    [
      'a condition that matches nothing',
      3,
      ['reboot', '--where', "tags.place = 'nowhere'"],
      'no device meets the condition',
    ],
    ['a device that is offline', 5, ['invoke', 'offline', 'DeviceMethod'], 'is not connected'],
    ['a device that never answers', 6, ['invoke', 'online', 'mute', '--timeout', '5s'], 'did not answer in time'],
    [
      'a condition that never comes true',
      6,
      ['wait', 'online', 'tags.never = 1', '--timeout', '1s'],
      'did not meet the condition',
    ],
    ['a method answered with 500', 7, ['invoke', 'online', 'fail'], 'status 500: {"why":"broken"}'],
    ['an unknown method', 7, ['invoke', 'online', 'nothing'], 'status 404'],
    [
      'a configuration that the device refuses',
      7,
      ['set-desired', 'online', 'configId=bad', 'sendFrequency=sometimes', '--wait'],
      'refused the configuration',
    ],
  ])('%s is %d', async (_name, code, words, message) => {
    expectRefusal(await programs.hubAdmin(...words), code, message);
  });

  test('a condition that matches nothing is 0 with --allow-none', async () => {
    const run = await programs.hubAdmin('reboot', '--where', "tags.place = 'nowhere'", '--allow-none', '-o', 'json');
    expect([run.code, run.stdout]).toEqual([0, '[]\n']);
  });

  test('some of many failed is 8, each with its reason', async () => {
    const run = await programs.hubAdmin('invoke', '--where', "tags.place = 'here'", 'DeviceMethod', '-o', 'json');
    expect(run.code).toBe(8);
    expect(JSON.parse(run.stdout)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ deviceId: 'online', status: 200 }),
        expect.objectContaining({ deviceId: 'offline', error: expect.objectContaining({ code: 'DeviceNotOnline' }) }),
      ]),
    );
    expect(run.stderr).toContain('1 of 2 done, 1 failed');
  });
});

describe.concurrent('with words that make no sense', () => {
  const etag = 'AAAAAAAAAAA=';
  const large = JSON.stringify(Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`t${n}`, 'x'.repeat(2000)])));

  test.each<[string, number, string[], string]>([
    ['a payload that is no JSON', 2, ['invoke', 'online', 'DeviceMethod', '{"a":'], 'the payload is not JSON'],
    ['a bad query, with its place', 2, ['query', 'SELECT * FORM devices'], '\n           ^'],
    ['a stale etag', 1, ['tag', 'online', 'a=1', '--if-match', etag], 'the etag is stale'],
    ['a property name with a dot', 2, ['tag', 'online', '--json', '{"a.b": 1}'], 'has a dot, which IoT Hub forbids'],
    ['a twin over its size limit', 1, ['tag', 'online', '--json', large], '8192'],
    ['a value outside its range', 2, ['reboot', 'online', '--concurrency', 'ten'], 'from 1 to 1000, got "ten"'],
    ['an unknown flag', 2, ['reboot', 'online', '--time-out', '5s'], 'did you mean --timeout?'],
    ['an unknown command', 2, ['rebot', 'online'], 'did you mean reboot?'],
    ['-o json on a stream', 2, ['twin', 'watch', 'online', '-o', 'json'], 'use -o ndjson'],
  ])('%s is %d', async (_name, code, words, message) => {
    expectRefusal(await programs.hubAdmin(...words), code, message);
  });

  test('with -o json the message is one JSON object on stderr', async () => {
    const run = await programs.run('hub-admin', ['reboot', 'nobody', '-o', 'json', '--hub', 'local']);
    expect([run.code, run.stdout]).toEqual([3, '']);
    expect(JSON.parse(run.stderr)).toEqual({
      error: expect.objectContaining({ code: 'DeviceNotFound', exitCode: 3, hint: expect.any(String) }),
    });
  });

  test('a port that was asked for and is taken is 1', async () => {
    const address = taken.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const words = ['hub', '--in-memory', '--https-port', port, '--mqtt-port', '0', '--amqp-port', '0'];
    expectRefusal(await nowhere.hubAdmin(...words), 1, port);
    expectRefusal(await nowhere.hubAdmin(...words, '--detach'), 1, port);
  });

  test.each<[string, ProgramName, string[]]>([
    ['sim-device', 'sim-device', ['--reboot-secnds', '3']],
    ['hub-admin', 'hub-admin', ['query', '--outptu', 'json']],
  ])('%s names the nearest flag', async (_name, program, words) => {
    expectRefusal(await nowhere.run(program, words), 2, 'did you mean');
  });
});

/** The exit code, one message with what to do, and nothing of our insides. */
function expectRefusal(run: Ended, code: number, message: string): void {
  expect(run.code, run.stderr).toBe(code);
  expect(run.stderr).toContain(message);
  expect(run.stderr.match(/^(error: |\{"error":)/gm)).toHaveLength(1);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  expect(run.stderr + run.stdout).not.toContain(KEY);
}

function httpsPort(): number {
  return hub.server.ports.https;
}

function mqttPort(): number {
  return hub.server.ports.mqtt;
}

function policyString(): string {
  return `HostName=localhost;SharedAccessKeyName=registryRead;SharedAccessKey=${hub.policyKey('registryRead')}`;
}

/** As a local hub in a process of its own would leave it; this one lives in the test, so that the keys of all policies are at hand. */
function discover(home: string, testHub: TestHub): void {
  const { server, ca } = testHub;
  writeDiscovery(home, {
    pid: process.pid,
    processStart: '',
    instanceId: 'test',
    startedAt: new Date().toISOString(),
    hostName: 'localhost',
    hostNames: ['localhost', '127.0.0.1', '::1'],
    httpsPort: server.ports.https,
    mqttPort: server.ports.mqtt,
    amqpPort: server.ports.amqp,
    ca,
    ownerKeyName: 'iothubowner',
    ownerKey: testHub.policyKey('iothubowner'),
    inMemory: true,
  });
}
