import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();
beforeAll(async () => {
  for (const id of ['pump-1', 'pump-2', 'valve:3']) await hub.device(id);
});

/** The words that are suggested behind a line; its last word is the one at the cursor. */
async function suggest(line: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const words = line.split(' ');
  const run = await hub.run(['__complete', `--current=${words.at(-1) ?? ''}`, '--', ...words.slice(0, -1)], { env });
  expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' });
  return run.stdout === ''
    ? []
    : run.stdout
        .trimEnd()
        .split('\n')
        .map((each) => each.split('\t')[0] ?? '');
}

describe('completion suggests', () => {
  test('commands, and those of a group', async () => {
    expect(await suggest('')).toEqual(expect.arrayContaining(['reboot', 'twin', 'hub', 'doctor', 'completion']));
    expect(await suggest('')).not.toContain('__complete');
    expect(await suggest('tw')).toEqual(['twin']);
    expect(await suggest('twin ')).toEqual(['show', 'patch', 'replace', 'diff', 'watch']);
    expect(await suggest('hub clock a')).toEqual(['advance']);
  });

  test('flags of the command and those of every command, not twice', async () => {
    expect(await suggest('invoke --t')).toEqual(['--timeout']);
    expect(await suggest('invoke --out')).toEqual(['--output']);
    expect(await suggest('invoke --timeout 5s --t')).toEqual([]);
    expect(await suggest('send d b --property a=b --prop')).toEqual(['--property']);
    expect(await suggest('hub --det')).toEqual(['--detach']);
  });

  test('the values of a flag that has few', async () => {
    expect(await suggest('query -o ')).toEqual(['table', 'json', 'ndjson', 'csv']);
    expect(await suggest('query --output=nd')).toEqual(['--output=ndjson']);
    expect(await suggest('completion f')).toEqual(['fish']);
    expect(await suggest('explain DeviceNotO')).toEqual(['DeviceNotOnline']);
  });

  test('nothing for the value of a flag that can be anything', async () => {
    expect(await suggest('query --max ')).toEqual([]);
  });

  test('device ids where a device is named, and only there', async () => {
    expect(await suggest('twin show ')).toEqual(['pump-1', 'pump-2', 'valve:3']);
    expect(await suggest('reboot pump')).toEqual(['pump-1', 'pump-2']);
    expect(await suggest('invoke pump-1 ')).toEqual([]);
    expect(await suggest('reboot --where x ')).toEqual([]);
    expect(await suggest('tag -o json pump-1')).toEqual(['pump-1']);
  });

  test('nothing, and no error, where there is no hub', async () => {
    expect(await suggest('twin show ', { TANDEM_HOME: '/nonexistent' })).toEqual([]);
    const IOTHUB_CONNECTION_STRING =
      'HostName=127.0.0.1;SharedAccessKeyName=a;SharedAccessKey=YQ==;GatewayHostName=127.0.0.1:1';
    expect(await suggest('twin show ', { IOTHUB_CONNECTION_STRING })).toEqual([]);
    expect(await suggest('--hub local twin show pump-1', { IOTHUB_CONNECTION_STRING })).toEqual(['pump-1']);
  });

  test('ids out of a cache for a moment, kept for the user alone, without the key', async () => {
    await suggest('twin show pump');
    await hub.device('pump-3');
    expect(await suggest('twin show pump-')).toEqual(['pump-1', 'pump-2']);
    const file = join(hub.home, 'completion.json');
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(hub.hub.discovery.ownerKey);
  });
});

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish', 'powershell'])('prints a script for %s', async (shell) => {
    const run = await hub.run(['completion', shell]);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain('__complete');
  });

  test('names the shells it knows', async () => {
    const run = await hub.run(['completion', 'csh']);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('bash, zsh, fish, powershell');
  });
});
