import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDeviceConnectionString } from '../../src/config/index.ts';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();

async function keys(deviceId: string): Promise<{ primaryKey: string; secondaryKey: string }> {
  return (await hub.run(['device', 'show', deviceId, '--show-keys', '-o', 'json'])).json().authentication.symmetricKey;
}

describe('device create and show', () => {
  test('masks the keys, unless they are asked for', async () => {
    const created = await hub.run(['device', 'create', 'masked', '-o', 'json']);
    expect(created.json()).toMatchObject({
      deviceId: 'masked',
      status: 'enabled',
      authentication: { symmetricKey: { primaryKey: '***', secondaryKey: '***' } },
    });
    const { primaryKey } = await keys('masked');
    expect(primaryKey).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect((await hub.run(['device', 'show', 'masked', '-o', 'csv'])).stdout).not.toContain(primaryKey);
  });

  test('one that is there already is 1', async () => {
    await hub.device('twice');
    const run = await hub.run(['device', 'create', 'twice']);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('there is a device "twice" already');
  });

  test('with a thumbprint it has no keys', async () => {
    const print = 'AA:'.repeat(19) + 'aa';
    const run = await hub.run(['device', 'create', 'x509', '--thumbprint', print, '-o', 'json']);
    expect(run.json().authentication).toMatchObject({
      type: 'selfSigned',
      x509Thumbprint: { primaryThumbprint: 'AA'.repeat(20), secondaryThumbprint: 'AA'.repeat(20) },
    });
    expect((await hub.run(['device', 'connection-string', 'x509'])).stdout).toContain('x509=true');
    expect((await hub.run(['device', 'renew-keys', 'x509'])).exitCode).toBe(1);
    const ca = await hub.run(['device', 'create', 'by-ca', '--ca', '-o', 'json']);
    expect(ca.json().authentication.type).toBe('certificateAuthority');
  });

  test('--x509 makes a certificate for its owner alone, and never overwrites one', async () => {
    const run = await hub.run(['device', 'create', 'certified:1', '--x509', '-o', 'json']);
    const { certificateFile, keyFile, authentication } = run.json();
    expect([certificateFile, keyFile]).toEqual([
      join(hub.home, 'certified%3a1.cert.pem'),
      join(hub.home, 'certified%3a1.key.pem'),
    ]);
    const certificate = new X509Certificate(readFileSync(certificateFile));
    expect(certificate.subject).toBe('CN=certified:1');
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(keyFile)))).toBe(true);
    expect(authentication.x509Thumbprint.primaryThumbprint).toBe(certificate.fingerprint256.replaceAll(':', ''));
    expect([statSync(certificateFile).mode & 0o777, statSync(keyFile).mode & 0o777]).toEqual([0o600, 0o600]);
    const key = readFileSync(keyFile, 'utf8');
    const again = await hub.run(['device', 'create', 'certified:1', '--x509']);
    expect([again.exitCode, again.stderr.includes('exists already')]).toEqual([2, true]);
    expect(readFileSync(keyFile, 'utf8')).toBe(key);
  });

  test('a device that is not registered leaves no certificate', async () => {
    await hub.device('taken');
    mkdirSync(join(hub.home, 'certificates'));
    const words = ['device', 'create', 'taken', 'fresh', '--x509', '--cert-dir', 'certificates', '-o', 'json'];
    const run = await hub.run(words);
    expect(run.exitCode).toBe(8);
    expect(run.json()).toMatchObject([
      { deviceId: 'taken', error: { code: 'DeviceAlreadyExists', exitCode: 1 } },
      { deviceId: 'fresh', authentication: { type: 'selfSigned' } },
    ]);
    expect(readdirSync(join(hub.home, 'certificates')).sort()).toEqual(['fresh.cert.pem', 'fresh.key.pem']);
  });

  test('--count registers many, 100 a request, a record each, the keys as asked for', async () => {
    const run = await hub.run(['device', 'create', '--count', '230', '--prefix', 'm-', '--show-keys', '-o', 'json']);
    expect(run.exitCode).toBe(0);
    expect(run.json()).toHaveLength(230);
    expect(run.json()[0]).toMatchObject({ deviceId: 'm-1', status: 'enabled', authentication: { type: 'sas' } });
    expect(run.json()[229].authentication.symmetricKey).toEqual(await keys('m-230'));
    const some = await hub.run(['device', 'create', '--count', '3', '--prefix', 'm-', '--start', '230', '-o', 'json']);
    expect(some.exitCode).toBe(8);
    expect(some.json()).toMatchObject([
      { deviceId: 'm-230', error: { code: 'DeviceAlreadyExists' } },
      { deviceId: 'm-231', authentication: { symmetricKey: { primaryKey: '***' } } },
      { deviceId: 'm-232' },
    ]);
  });

  test('--module registers a module of a device that is there', async () => {
    await hub.device('has-modules');
    const run = await hub.run(['device', 'create', 'has-modules', '--module', 'camera', '-o', 'json']);
    expect(run.json()).toMatchObject({ deviceId: 'has-modules', moduleId: 'camera' });
    expect(run.json()).not.toHaveProperty('status');
    expect((await hub.run(['device', 'create', 'nobody', '--module', 'camera'])).exitCode).toBe(3);
    await hub.run(['device', 'create', 'has-modules', '--module', 'pump']);
    const modules = (await hub.run(['device', 'list', '--modules', '-o', 'json'])).json();
    expect(modules).toMatchObject([
      { deviceId: 'has-modules', moduleId: 'camera', authentication: { symmetricKey: { primaryKey: '***' } } },
      { deviceId: 'has-modules', moduleId: 'pump' },
    ]);
    const some = await hub.run(['device', 'list', '--modules', '--where', "moduleId = 'pump'"]);
    expect(some.stdout).toMatch(/^DEVICEID +MODULEID .*\nhas-modules +pump +Disconnected +sas\n$/);
  });

  test.each([
    ['no device', [], 'no device named'],
    ['two ways', ['a', '--count', '2'], 'named in more than one way'],
    ['a prefix without a count', ['a', '--prefix', 'p'], 'go with --count'],
    ['a thumbprint that is none', ['a', '--thumbprint', 'AB'], 'the 40 or 64 hexadecimal digits'],
    ['a CA and a certificate', ['a', '--ca', '--x509'], 'either --ca, or --x509'],
    ['a folder for no certificate', ['a', '--cert-dir', '.'], '--cert-dir goes with --x509'],
    ['a module with a status', ['a', '--module', 'm', '--status', 'disabled'], 'a module has no --status'],
  ])('%s is a wrong call', async (_name, words, message) => {
    const run = await hub.run(['device', 'create', ...words]);
    expect([run.exitCode, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(message);
  });

  test('an id that the hub refuses is 2, one that is not there 3', async () => {
    expect((await hub.run(['device', 'create', 'a b'])).exitCode).toBe(2);
    expect((await hub.run(['device', 'show', 'nobody'])).exitCode).toBe(3);
  });
});

describe('device disable, enable, renew-keys', () => {
  test('a change of the status keeps the keys', async () => {
    await hub.device('switched');
    const before = await keys('switched');
    const disabled = await hub.run(['device', 'disable', 'switched', '--reason', 'lost', '-o', 'json']);
    expect(disabled.json()).toMatchObject({ status: 'disabled', statusReason: 'lost' });
    expect((await hub.run(['device', 'enable', 'switched', '-o', 'json'])).json()).toMatchObject({ status: 'enabled' });
    expect(await keys('switched')).toEqual(before);
  });

  test('renew-keys makes new ones, one of them if asked', async () => {
    await hub.device('renewed');
    const before = await keys('renewed');
    await hub.run(['device', 'renew-keys', 'renewed', '--key', 'secondary']);
    const after = await keys('renewed');
    expect(after.primaryKey).toBe(before.primaryKey);
    expect(after.secondaryKey).not.toBe(before.secondaryKey);
  });

  test('a stale etag is 1', async () => {
    await hub.device('guarded');
    expect((await hub.run(['device', 'disable', 'guarded', '--if-match', 'AAAA'])).exitCode).toBe(1);
  });
});

describe('device delete', () => {
  test('wants --yes where nobody can be asked', async () => {
    await hub.device('gone');
    expect((await hub.run(['device', 'delete', 'gone'])).exitCode).toBe(2);
    expect((await hub.run(['device', 'delete', 'gone', '--yes', '-o', 'json'])).json()).toEqual({
      deviceId: 'gone',
      deleted: true,
    });
    expect((await hub.run(['device', 'show', 'gone'])).exitCode).toBe(3);
  });

  test('several go in one request, each with its own outcome', async () => {
    await hub.device('leaves');
    const words = ['device', 'delete', '--devices-from', '-', '--yes', '-o', 'json'];
    const run = await hub.run(words, { input: 'leaves\nnobody\n' });
    expect(run.exitCode).toBe(8);
    expect(run.json()).toMatchObject([
      { deviceId: 'leaves', deleted: true },
      { deviceId: 'nobody', error: { code: 'DeviceNotFound', exitCode: 3 } },
    ]);
  });
});

describe('device connection-string', () => {
  test('is what a device signs in with, the port as its gateway', async () => {
    await hub.device('strings');
    const { stdout } = await hub.run(['device', 'connection-string', 'strings', '--key', 'secondary']);
    expect(parseDeviceConnectionString(stdout.trim())).toMatchObject({
      hostName: 'localhost',
      deviceId: 'strings',
      gatewayHostName: `localhost:${hub.hub.discovery.mqttPort}`,
      authentication: { sharedAccessKey: (await keys('strings')).secondaryKey },
    });
  });
});

describe('device list, export and import', () => {
  test('list shows all, or those that meet a condition', async () => {
    await hub.device('listed', { tags: { here: true } });
    const all = (await hub.run(['device', 'list', '-o', 'json'])).json();
    expect(all.length).toBeGreaterThan(1);
    expect(all[0].authentication.symmetricKey.primaryKey).toBe('***');
    const some = (await hub.run(['device', 'list', '--where', 'tags.here = true', '-o', 'json'])).json();
    expect(some.map((device: { deviceId: string }) => device.deviceId)).toEqual(['listed']);
  });

  test('what export writes, import reads back, keys and twins included', async () => {
    await hub.device('travels', { tags: { a: { b: 1 } }, properties: { desired: { c: 2 } } });
    const before = await keys('travels');
    const file = join(hub.home, 'export.ndjson');
    const exported = await hub.run(['device', 'export', file, '--where', "deviceId = 'travels'", '--show-keys']);
    expect(exported.exitCode).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ id: 'travels', tags: { a: { b: 1 } } });
    await hub.run(['device', 'delete', 'travels', '--yes']);
    const imported = await hub.run(['device', 'import', file, '-o', 'json']);
    expect(imported.json()).toEqual([{ deviceId: 'travels', imported: true }]);
    expect(await keys('travels')).toEqual(before);
    const twin = (await hub.run(['twin', 'show', 'travels', '-o', 'json'])).json();
    expect(twin).toMatchObject({ tags: { a: { b: 1 } }, properties: { desired: { c: 2 } } });
  });

  test('export without --show-keys holds no key', async () => {
    await hub.device('secretive');
    const { primaryKey } = await keys('secretive');
    expect((await hub.run(['device', 'export'])).stdout).not.toContain(primaryKey);
  });

  test('import from CSV makes nested tags; what exists already is listed with its reason, 8', async () => {
    const input = 'deviceId,tags.location.plant\ncsv1,R43\ncsv2,\n';
    expect((await hub.run(['device', 'import', '-', '-o', 'json'], { input })).exitCode).toBe(0);
    expect((await hub.run(['twin', 'show', 'csv1', '-o', 'json'])).json().tags).toEqual({ location: { plant: 'R43' } });
    const again = await hub.run(['device', 'import', '-', '-o', 'json'], { input });
    expect(again.exitCode).toBe(8);
    expect(again.json()[0]).toMatchObject({
      deviceId: 'csv1',
      imported: false,
      error: { code: 'DeviceAlreadyExists' },
    });
  });

  test('what export writes as CSV, import reads back', async () => {
    await hub.device('as-csv', { tags: { plant: 'R "43", B' } });
    const { stdout } = await hub.run(['device', 'export', '--where', "deviceId = 'as-csv'", '-o', 'csv']);
    await hub.run(['device', 'delete', 'as-csv', '--yes']);
    const imported = await hub.run(['device', 'import', '-', '-o', 'json'], { input: stdout });
    expect(imported.json()).toEqual([{ deviceId: 'as-csv', imported: true }]);
    expect((await hub.run(['twin', 'show', 'as-csv', '-o', 'json'])).json().tags).toEqual({ plant: 'R "43", B' });
  });

  test.each([
    ['a line that is no JSON', '# all\n\n{"id":"x1"}\n{oops\n', '-, line 4 is not JSON'],
    ['a line without id', '{"id":"x1"}\n{"tags":{}}\n', '-, line 2: a device without id'],
    ['an item of an array that is no device', '[{"id":"x1"}, 5]', '-, device 2: each device must be a JSON object'],
    ['a row without id', 'deviceId,tags.a\nx1,1\n,2\n', '-, line 3: a device without id'],
    ['a row with too many cells', 'deviceId,tags.a\nx1,1,2\n', '-, line 2 has 3 cells, the first line names 2'],
    ['a quote that is not closed', 'deviceId,tags.a\nx1,"1\n', '-, line 2: a quote is not closed'],
  ])('import refuses %s with its line, and imports nothing', async (_name, input, message) => {
    const run = await hub.run(['device', 'import', '-'], { input });
    expect([run.exitCode, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(message);
    expect((await hub.run(['device', 'show', 'x1'])).exitCode).toBe(3);
  });
});
