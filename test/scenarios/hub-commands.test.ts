import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Programs } from '../support/programs.ts';

const HUB_ADMIN = join(import.meta.dirname, '..', '..', 'bin', 'hub-admin.js');
const FREE_PORTS = ['--https-port', '0', '--mqtt-port', '0', '--amqp-port', '0'];

let programs: Programs;
beforeAll(() => {
  programs = new Programs();
});
afterAll(async () => {
  await programs.hubAdmin('hub', 'stop');
  await programs[Symbol.asyncDispose]();
});

describe('a hub in the background', () => {
  test('hub --detach returns when the hub is ready, and it keeps what it acknowledged', async () => {
    const started = await programs.hubAdmin('hub', '--detach', ...FREE_PORTS);
    expect([started.code, started.stdout]).toEqual([0, expect.stringMatching(/^Local hub ready at localhost/)]);
    await programs.hubAdminJson('device', 'create', 'kept');
    const status = await programs.hubAdminJson('hub', 'status');
    expect(status).toMatchObject({ running: true, home: programs.home, hostName: 'localhost' });
  });

  test('a second one is 1, and says that one is running', async () => {
    const second = await programs.hubAdmin('hub', '--detach', ...FREE_PORTS);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('already running');
  });

  test('hub stop waits until it is gone; status is 9 then; the next start knows everything again', async () => {
    expect((await programs.hubAdmin('hub', 'stop')).code).toBe(0);
    expect((await programs.hubAdmin('hub', 'status')).code).toBe(9);
    expect((await programs.hubAdmin('hub', 'stop')).code).toBe(9);
    expect((await programs.hubAdmin('hub', '--detach', ...FREE_PORTS)).code).toBe(0);
    expect(await programs.hubAdminJson('device', 'show', 'kept')).toMatchObject({ deviceId: 'kept' });
  });

  test('hub reset forgets it, after --yes', async () => {
    expect((await programs.hubAdmin('hub', 'reset')).code).toBe(2);
    expect((await programs.hubAdmin('hub', 'reset', '--yes')).code).toBe(0);
    expect(await programs.hubAdminJson('device', 'list')).toEqual([]);
  });
});

describe('hub env', () => {
  test('is understood by a shell, and the service string finds the hub on its own port', async () => {
    const env = await programs.hubAdmin('hub', 'env', 'pump-1');
    const script = `${env.stdout}\nnode "${HUB_ADMIN}" device show pump-1 -o json`;
    const { stdout } = await promisify(execFile)('sh', ['-c', script], {
      env: { PATH: process.env['PATH'], TANDEM_HOME: programs.home },
    });
    expect(JSON.parse(stdout)).toMatchObject({ deviceId: 'pump-1' });
  });

  test('as dotenv is read by --env-file', async () => {
    const env = await programs.hubAdmin('hub', 'env', '--shell', 'dotenv');
    writeFileSync(join(programs.home, 'hub.env'), env.stdout);
    const listed = await programs.hubAdmin('device', 'list', '--env-file', 'hub.env', '-o', 'json');
    expect(listed.code).toBe(0);
    expect(listed.stderr).toBe('');
  });

  test('its bundle has the roots that were in force and the local authority', async () => {
    const env = await programs.hubAdminJson('hub', 'env');
    const bundle = readFileSync(env.SSL_CERT_FILE, 'utf8');
    const { ca } = JSON.parse(readFileSync(join(programs.home, 'hub.json'), 'utf8'));
    expect(bundle).toContain(ca.trim());
    expect(bundle.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(100);
  });

  test('names the endpoint where telemetry is read, which a foreign consumer opens as it stands', async () => {
    const env = await programs.hubAdminJson('hub', 'env');
    const consumer = `
      const { EventHubConsumerClient } = require('@azure/event-hubs');
      const client = new EventHubConsumerClient('$Default', process.env.EVENTHUB_CONNECTION_STRING);
      client.getPartitionIds().then((ids) => { console.log(ids.length); return client.close(); });`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', consumer], {
      env: { ...process.env, ...env },
    });
    expect(Number(stdout)).toBeGreaterThan(0);
  });
});

describe('hub exec', () => {
  test("gives the command a hub of its own; the exit code is the command's; nothing is left", async () => {
    const script = `node "${HUB_ADMIN}" device create x -o json && echo "$TANDEM_HOME" >&2 && exit 7`;
    const run = await programs.hubAdmin('hub', 'exec', '--', 'sh', '-c', script);
    expect(run.code).toBe(7);
    expect(JSON.parse(run.stdout)).toMatchObject({ deviceId: 'x' });
    const home = run.stderr.trim().split('\n').at(-1) ?? '';
    expect(home).not.toBe(programs.home);
    expect(existsSync(home)).toBe(false);
  });

  test('two at once do not meet, nor see the hub of the user', async () => {
    const script = `node "${HUB_ADMIN}" device create $$ && node "${HUB_ADMIN}" query --count-only`;
    const runs = await Promise.all([1, 2].map(() => programs.hubAdmin('hub', 'exec', '--', 'sh', '-c', script)));
    // The second device is the one of the environment, myDeviceId.
    for (const run of runs) expect(run.stdout.trimEnd().split('\n').at(-1)).toBe('2');
  });

  test('--seed fills it, in YAML', async () => {
    const seed = join(programs.home, 'seed.yaml');
    writeFileSync(seed, 'devices:\n  - deviceId: seeded\n    tags: { plant: R43 }\n    desired: { power_level: 1 }\n');
    const run = await programs.hubAdmin(
      'hub',
      'exec',
      '--seed',
      seed,
      '--',
      process.execPath,
      HUB_ADMIN,
      'twin',
      'show',
      'seeded',
      '-o',
      'json',
    );
    expect(JSON.parse(run.stdout)).toMatchObject({
      tags: { plant: 'R43' },
      properties: { desired: { power_level: 1 } },
    });
  });

  test('a command that is not there is 2, none at all too', async () => {
    expect((await programs.hubAdmin('hub', 'exec', '--', 'no-such-command')).code).toBe(2);
    expect((await programs.hubAdmin('hub', 'exec')).code).toBe(2);
  });
});
