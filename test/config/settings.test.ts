import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSettings, tandemHome } from '../../src/config/index.ts';

let cwd = '';
beforeEach(() => (cwd = mkdtempSync(join(tmpdir(), 'tandem-settings-'))));
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

describe('settings', () => {
  test('the environment comes before .env, setting by setting', () => {
    writeFileSync(join(cwd, '.env'), 'IOTHUB_CONNECTION_STRING="HostName=file;K=a=="\nIOTHUB_DEVICE_ID=fromFile\n');
    const settings = readSettings({ env: { IOTHUB_CONNECTION_STRING: 'HostName=env' }, cwd });
    expect(settings.serviceConnectionString).toBe('HostName=env');
    expect(settings.deviceId).toBe('fromFile');
    expect(settings.sources).toMatchObject({
      serviceConnectionString: 'IOTHUB_CONNECTION_STRING',
      deviceId: 'IOTHUB_DEVICE_ID in .env',
    });
  });

  test('the alias counts where the name itself is not set', () => {
    const env = { IOTHUB_SERVICE_CONNECTION_STRING: 'HostName=alias' };
    expect(readSettings({ env, cwd })).toMatchObject({ serviceConnectionString: 'HostName=alias' });
    expect(readSettings({ env: { ...env, IOTHUB_CONNECTION_STRING: 'HostName=own' }, cwd })).toMatchObject({
      serviceConnectionString: 'HostName=own',
    });
  });

  test('nothing set is nothing, with the default device', () => {
    const settings = readSettings({ env: { IOTHUB_CONNECTION_STRING: ' ' }, cwd });
    expect(settings.serviceConnectionString).toBeUndefined();
    expect(settings.deviceId).toBe('myDeviceId');
  });

  test('--env-file is read instead of .env, and must be there', () => {
    writeFileSync(join(cwd, '.env'), 'IOTHUB_DEVICE_ID=dot\n');
    writeFileSync(join(cwd, 'other.env'), 'IOTHUB_DEVICE_ID=other\n');
    expect(readSettings({ env: {}, cwd, envFile: 'other.env' }).deviceId).toBe('other');
    expect(() => readSettings({ env: {}, cwd, envFile: 'none.env' })).toThrow('none.env cannot be read');
  });
});

describe('the folder of the local hub', () => {
  test.each([
    ['TANDEM_HOME wins', { TANDEM_HOME: '/x/y', XDG_STATE_HOME: '/s' }, 'linux', '/x/y'],
    ['XDG_STATE_HOME on Linux', { XDG_STATE_HOME: '/s' }, 'linux', '/s/iothub-tandem'],
    [
      'a relative XDG_STATE_HOME is ignored',
      { XDG_STATE_HOME: 's' },
      'linux',
      join(homedir(), '.local/state/iothub-tandem'),
    ],
    ['Application Support on macOS', {}, 'darwin', join(homedir(), 'Library/Application Support/iothub-tandem')],
  ] as const)('%s', (_name, env, platform, expected) => {
    expect(tandemHome(env, platform)).toBe(expected);
  });
});
