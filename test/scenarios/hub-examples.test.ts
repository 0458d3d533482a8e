import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Programs } from '../support/programs.ts';

// The examples of the hub's own commands run as they stand, in a shell; the others in test/service/examples.test.ts.

const BIN = join(import.meta.dirname, '..', '..', 'bin');

let programs: Programs;
let path = '';
beforeAll(() => {
  programs = new Programs();
  path = makeShim(programs.home);
});
afterAll(async () => {
  await sh('hub-admin hub stop');
  await programs[Symbol.asyncDispose]();
});

test.each(['start', 'status', 'env', 'exec', 'reset', 'stop'])('hub %s', async (command) => {
  await sh(command === 'start' ? 'true' : 'hub-admin hub status || hub-admin hub --detach');
  const help = await programs.hubAdmin('hub', command, '--help');
  const examples = [...help.stdout.matchAll(/^ {2}\$ (.*)$/gm)].map((match) => match[1] ?? '');
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) {
    const run = await sh(example);
    expect(run.code, `${example}\n${run.stderr}`).toBe(0);
    if (command === 'start') await sh('hub-admin hub stop');
  }
});

function sh(line: string): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const env = { PATH: path, TANDEM_HOME: programs.home, NO_COLOR: '1' };
    const child = execFile('sh', ['-c', line], { cwd: programs.home, env }, (_error, _stdout, stderr) =>
      resolve({ code: child.exitCode, stderr }),
    );
  });
}

function makeShim(home: string): string {
  const folder = join(home, 'shims');
  mkdirSync(folder);
  const file = join(folder, 'hub-admin');
  writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${join(BIN, 'hub-admin.js')}" "$@"\n`);
  chmodSync(file, 0o755);
  return [folder, process.env['PATH'] ?? ''].join(delimiter);
}
