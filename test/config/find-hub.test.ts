import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Discovery,
  findDeviceHub,
  findRunningHub,
  findServiceHub,
  localDeviceConnectionString,
  localServiceConnectionString,
  readProcessStart,
  readSettings,
  removeDiscovery,
  type Settings,
  writeDiscovery,
} from '../../src/config/index.ts';

const KEY = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ=';
const OTHER_KEY = 'b3RoZXItb3RoZXItb3RoZXItb3Q=';
const AZURE = `HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`;
const AZURE_DEVICE = `HostName=h.azure-devices.net;DeviceId=pump-1;SharedAccessKey=${KEY}`;

let home = '';
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'tandem-config-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

function running(changes: Partial<Discovery> = {}): Discovery {
  const discovery: Discovery = {
    pid: process.pid,
    processStart: readProcessStart(process.pid),
    instanceId: 'one',
    startedAt: '2026-01-01T00:00:00.000Z',
    hostName: 'localhost',
    hostNames: ['localhost', '127.0.0.1', 'hub.test'],
    httpsPort: 40001,
    mqttPort: 40002,
    amqpPort: 40003,
    ca: 'PEM',
    ownerKeyName: 'iothubowner',
    ownerKey: KEY,
    inMemory: true,
    ...changes,
  };
  writeDiscovery(home, discovery);
  return discovery;
}

function settings(env: NodeJS.ProcessEnv, hub?: 'local'): Settings {
  return readSettings({ env: { TANDEM_HOME: home, ...env }, cwd: home, hub });
}

describe('the discovery file', () => {
  test('is for the user alone, and found while its hub runs', async () => {
    const discovery = running();
    expect(await findRunningHub(home)).toEqual(discovery);
    if (process.platform !== 'win32') expect(statSync(join(home, 'hub.json')).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['of a process that is gone', { pid: 2 ** 22 + 1 }],
    ['of a process id that is another process now', { processStart: 'another' }],
  ])('left behind %s counts for nothing', async (_name, changes) => {
    running(changes);
    expect(await findRunningHub(home)).toBeUndefined();
  });

  test.each(['', '{', '{"pid": 1}', '[]'])('damaged to %j counts for nothing', async (text) => {
    writeFileSync(join(home, 'hub.json'), text);
    expect(await findRunningHub(home)).toBeUndefined();
  });

  test('is removed by its own hub only', () => {
    running();
    removeDiscovery(home, 'another');
    expect(readFileSync(join(home, 'hub.json'), 'utf8')).toContain('"one"');
    removeDiscovery(home, 'one');
    expect(() => statSync(join(home, 'hub.json'))).toThrow();
  });
});

describe('which hub hub-admin uses', () => {
  test('nothing set: the local hub', async () => {
    running();
    const hub = await findServiceHub(settings({}));
    expect(hub.source).toBe('local hub');
    expect(hub.address).toMatchObject({ local: true, httpsPort: 40001, ca: 'PEM' });
  });

  test('nothing set and none running: exit 9, and how to start one', async () => {
    await expect(findServiceHub(settings({}))).rejects.toMatchObject({
      exitCode: 9,
      hint: expect.stringContaining('hub-admin hub'),
    });
  });

  test('a service string: Azure, never the local hub', async () => {
    running();
    const hub = await findServiceHub(settings({ IOTHUB_CONNECTION_STRING: AZURE }));
    expect(hub.address).toEqual({
      hostName: 'h.azure-devices.net',
      local: false,
      httpsPort: 443,
      mqttPort: 8883,
      amqpPort: 5671,
    });
    expect(hub.source).toBe('IOTHUB_CONNECTION_STRING');
  });

  test('only a device string: exit 2, the missing variable named', async () => {
    running();
    const found = findServiceHub(settings({ IOTHUB_DEVICE_CONNECTION_STRING: AZURE_DEVICE }));
    await expect(found).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('IOTHUB_CONNECTION_STRING'),
    });
  });

  test('--hub local: the local hub, whatever is set', async () => {
    running();
    expect((await findServiceHub(settings({ IOTHUB_CONNECTION_STRING: AZURE }, 'local'))).address.local).toBe(true);
  });

  test("the local hub's own string gets its ports and its CA", async () => {
    const own = localServiceConnectionString(running());
    const hub = await findServiceHub(settings({ IOTHUB_CONNECTION_STRING: own }));
    expect(hub.address).toMatchObject({ local: true, httpsPort: 40001, ca: 'PEM' });
  });

  test('its host with another key is another hub', async () => {
    const own = localServiceConnectionString(running()).replace(KEY, OTHER_KEY);
    const hub = await findServiceHub(settings({ IOTHUB_CONNECTION_STRING: own }));
    expect(hub.address).toMatchObject({ local: false, httpsPort: 443 });
  });

  test('a gateway names the port', async () => {
    const own = `${AZURE};GatewayHostName=localhost:9443`;
    const hub = await findServiceHub(settings({ IOTHUB_CONNECTION_STRING: own }));
    expect(hub.address).toMatchObject({ local: false, httpsPort: 9443 });
  });
});

describe('which hub sim-device uses', () => {
  test('nothing set and none running: the caller starts one', async () => {
    expect(await findDeviceHub(settings({ IOTHUB_DEVICE_ID: 'd' }))).toEqual({ kind: 'noHubRunning', deviceId: 'd' });
  });

  test('nothing set and one running: that one', async () => {
    running();
    expect(await findDeviceHub(settings({}))).toMatchObject({
      kind: 'service',
      deviceId: 'myDeviceId',
      hub: { source: 'local hub' },
    });
  });

  test('the device string before the service string', async () => {
    const both = { IOTHUB_CONNECTION_STRING: AZURE, IOTHUB_DEVICE_CONNECTION_STRING: AZURE_DEVICE };
    expect(await findDeviceHub(settings(both))).toMatchObject({ kind: 'device', connection: { deviceId: 'pump-1' } });
  });

  test('another device than the string is for: by the service string, or refused', async () => {
    const env = { IOTHUB_DEVICE_CONNECTION_STRING: AZURE_DEVICE };
    await expect(findDeviceHub(settings(env), 'pump-2')).rejects.toMatchObject({ exitCode: 2 });
    const both = { ...env, IOTHUB_CONNECTION_STRING: AZURE };
    expect(await findDeviceHub(settings(both), 'pump-2')).toMatchObject({ kind: 'service', deviceId: 'pump-2' });
  });

  test('a device string of the local hub gets its ports', async () => {
    const own = localDeviceConnectionString(running(), 'd', OTHER_KEY);
    expect(own).toContain('GatewayHostName=localhost:40002');
    expect(await findDeviceHub(settings({ IOTHUB_DEVICE_CONNECTION_STRING: own }))).toMatchObject({
      kind: 'device',
      address: { local: true, mqttPort: 40002, ca: 'PEM' },
    });
  });
});
