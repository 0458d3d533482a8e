import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Programs } from '../support/programs.ts';

const run = promisify(execFile);
const BIN = join(import.meta.dirname, '../../bin/hub-admin.js');

/** Presses the tab key in a shell that has the script; the words that it offers. */
async function press(programs: Programs, line: string): Promise<string[]> {
  const words = line.split(' ');
  const script = `
    source <(hub-admin completion bash)
    COMP_WORDS=(${['hub-admin', ...words].map((word) => `'${word}'`).join(' ')})
    COMP_CWORD=${words.length}
    _hub_admin hub-admin
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const path = `${programs.home}${delimiter}${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, TANDEM_HOME: programs.home, PATH: path, IOTHUB_CONNECTION_STRING: '' };
  const { stdout } = await run('bash', ['-c', script], { cwd: programs.home, env });
  return stdout.split('\n').filter((word) => word !== '');
}

describe.skipIf(process.platform === 'win32')('the script for bash', () => {
  test('completes commands, flags and device ids of a running hub', async () => {
    await using programs = new Programs();
    const shim = join(programs.home, 'hub-admin');
    writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
    chmodSync(shim, 0o755);
    await programs.hubAdmin(
      'hub',
      'start',
      '--detach',
      '--in-memory',
      '--https-port',
      '0',
      '--mqtt-port',
      '0',
      '--amqp-port',
      '0',
    );
    try {
      await programs.hubAdmin('device', 'create', 'pump-1');
      expect(await press(programs, 'reb')).toEqual(['reboot']);
      expect(await press(programs, 'reboot --no-w')).toEqual(['--no-wait']);
      expect(await press(programs, 'twin show pu')).toEqual(['pump-1']);
    } finally {
      await programs.hubAdmin('hub', 'stop');
    }
  });
});
