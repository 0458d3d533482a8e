import { describe, expect, onTestFinished, test } from 'vitest';
import { localServiceHub, redact } from '../../../src/config/index.ts';
import { groupCredentials } from '../../../src/device/fleet/group-credentials.ts';
import { openProvisioner, type Provisioner } from '../../../src/sdk/provisioning-sdk.ts';
import { openServiceClient } from '../../../src/sdk/service-client.ts';
import { Programs } from '../../support/programs.ts';
import {
  deviceKeyOf,
  GROUP_KEY,
  ID_SCOPE,
  type ScriptedService,
  startProvisioningService,
} from './provisioning-service.ts';
import { startFleet } from './test-fleet.ts';

const ANY_TIME = { env: {}, signal: new AbortController().signal };

async function provisioner(service: ScriptedService, groupKey = GROUP_KEY): Promise<Provisioner> {
  const { port, ca } = service;
  const opened = await openProvisioner({ host: 'localhost', port, ca, idScope: ID_SCOPE, groupKey }, ANY_TIME);
  onTestFinished(() => opened.close());
  return opened;
}

describe('a Device Provisioning Service', () => {
  test('names the hub of a device, which signs in there with a key derived from the group key', async () => {
    const service = await startProvisioningService('hub.azure-devices.net');
    const connection = await (await provisioner(service)).register('pump-1');
    expect(connection).toEqual({
      hostName: 'hub.azure-devices.net',
      deviceId: 'pump-1',
      authentication: { kind: 'sharedAccessKey', sharedAccessKey: deviceKeyOf('pump-1') },
    });
    expect(service.requests).toEqual(['PUT pump-1', 'GET pump-1']);
    expect(redact(`key ${deviceKeyOf('pump-1')} of ${GROUP_KEY}`)).not.toMatch(/[A-Za-z0-9+/]{20}/);
  });

  test('that is busy is asked again when it says', async () => {
    const service = await startProvisioningService('hub.azure-devices.net');
    await (await provisioner(service)).register('busy');
    expect(service.requests).toEqual(['PUT busy', 'PUT busy', 'GET busy']);
  });

  test('that refuses the key, or the enrollment, is exit code 4', async () => {
    const service = await startProvisioningService('hub.azure-devices.net');
    const wrong = await provisioner(service, Buffer.alloc(32, 6).toString('base64'));
    await expect(wrong.register('pump-1')).rejects.toMatchObject({ exitCode: 4, code: 'Dps401002' });
    const right = await provisioner(service);
    await expect(right.register('disabled')).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('The enrollment is disabled.'),
    });
  });

  test('that is not there is exit code 9, with host and port', async () => {
    const service = await startProvisioningService('hub.azure-devices.net');
    const away = await provisioner({ ...service, port: 1 });
    await expect(away.register('pump-1')).rejects.toMatchObject({
      exitCode: 9,
      message: expect.stringContaining('localhost:1'),
    });
  });

  test('gives a fleet its hub and its keys', async () => {
    const service = await startProvisioningService('localhost');
    const ids = ['device-1', 'device-2', 'device-3'];
    const fleet = await startFleet(3, {}, async (hub) => {
      const client = await openServiceClient(localServiceHub(hub.discovery), ANY_TIME);
      for (const deviceId of ids) {
        const symmetricKey = { primaryKey: deviceKeyOf(deviceId), secondaryKey: deviceKeyOf('other') };
        await client.createDevice({ deviceId, authentication: { type: 'sas', symmetricKey } });
      }
      const { port, ca } = service;
      return groupCredentials(
        { host: 'localhost', port, ca, idScope: ID_SCOPE, groupKey: GROUP_KEY },
        new AbortController().signal,
      );
    });
    await fleet.until(() => fleet.counters.connected === 3);
    expect(service.requests.filter((text) => text.startsWith('PUT')).sort()).toEqual(ids.map((id) => `PUT ${id}`));
  });
});

test.each([
  ['no key in the environment', [], {}, 'DPS_GROUP_KEY is not set'],
  ['a value that is no key', [], { DPS_GROUP_KEY: 'hush, hush' }, 'the value of DPS_GROUP_KEY is no key'],
  ['a file of credentials too', ['--devices-from', 'x'], { DPS_GROUP_KEY: GROUP_KEY }, 'do not go together'],
])('an ID scope with %s is a wrong call', async (_, args, env, words) => {
  await using programs = new Programs(env);
  const ended = await programs.run('sim-device', ['fleet', '--count', '1', '--dps-id-scope', ID_SCOPE, ...args]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(words);
  expect(ended.stderr).not.toContain('hush');
});
