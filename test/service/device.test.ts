import { readFileSync } from 'node:fs';
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

  test('with thumbprints it has no keys', async () => {
    const print = 'AA:'.repeat(19) + 'AA';
    const run = await hub.run([
      'device',
      'create',
      'x509',
      '--auth',
      'self-signed',
      '--thumbprint',
      print,
      '-o',
      'json',
    ]);
    expect(run.json().authentication).toMatchObject({
      type: 'selfSigned',
      x509Thumbprint: { primaryThumbprint: 'AA'.repeat(20) },
    });
    expect((await hub.run(['device', 'connection-string', 'x509'])).stdout).toContain('x509=true');
    expect((await hub.run(['device', 'renew-keys', 'x509'])).exitCode).toBe(1);
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
});
