import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Programs } from '../support/programs.ts';

const HUB_ADMIN = join(import.meta.dirname, '..', '..', 'bin', 'hub-admin.js');
const DEVICES = 500;

let programs: Programs;
beforeAll(async () => {
  programs = new Programs();
  await programs.startHub();
  const tags = { a: 'x'.repeat(2000), b: 'y'.repeat(2000), c: 'z'.repeat(2000) };
  const lines = Array.from({ length: DEVICES }, (_, n) => JSON.stringify({ id: `d${n}`, tags }));
  await programs.run('hub-admin', ['device', 'import', '-'], { stdin: lines.join('\n') });
});
afterAll(() => programs[Symbol.asyncDispose]());

// A second is what a person is promised; what this tells apart is an end from a wait for the network or a timeout.
const AT_ONCE_MS = 5_000;

describe('a reader that leaves early', () => {
  test.each(['json', 'ndjson', 'csv', 'table'])('ends query -o %s quietly', async (format) => {
    const script = `node "${HUB_ADMIN}" query -o ${format} | head -c 10`;
    const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
      const env = { PATH: process.env['PATH'], TANDEM_HOME: programs.home };
      execFile('sh', ['-c', script], { env }, (_error, stdout, stderr) => resolve({ stdout, stderr }));
    });
    expect([stdout.length, stderr]).toEqual([10, '']);
  });
});

describe('Ctrl-C and SIGTERM', () => {
  test.each<[string, string[], RegExp]>([
    [
      'reboot of many',
      ['reboot', '--where', "deviceId != ''", '--concurrency', '1', '--hub', 'local', '--verbose'],
      /hub: /,
    ],
    ['wait', ['wait', 'd1', 'tags.never = 1'], /Waiting/],
    ['set-desired --wait', ['set-desired', 'd1', 'x=1', '--wait'], /Waiting/],
    ['twin watch', ['twin', 'watch', 'd1'], /Watching/],
    ['query --watch', ['query', "deviceId = 'd1'", '--watch', '--verbose'], /Watching/],
    ['invoke', ['invoke', 'd1', 'x', '--connect-timeout', '60s', '--hub', 'local', '--verbose'], /hub: /],
  ])('%s ends at once, with 130 or 143', async (_name, words, begun) => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const running = programs.start('hub-admin', words);
      await running.prints(begun);
      const startedAt = performance.now();
      running.child.kill(signal);
      const ended = await running.ended;
      expect([ended.code, ended.stderr.includes('error')]).toEqual([code, false]);
      expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
    }
  });

  test('a hub in the foreground leaves no discovery file and no lock', async () => {
    const own = new Programs();
    const hub = await own.startHub();
    const startedAt = performance.now();
    expect((await hub.interrupt()).code).toBe(130);
    expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
    expect(existsSync(join(own.home, 'hub.json'))).toBe(false);
    await own.startHub();
    await own[Symbol.asyncDispose]();
  });

  test('hub exec takes its command along', async () => {
    const running = programs.start('hub-admin', ['hub', 'exec', '--', 'sh', '-c', 'echo begun; exec sleep 60']);
    await running.prints(/begun/);
    const startedAt = performance.now();
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(143);
    expect(performance.now() - startedAt).toBeLessThan(1500);
  });
});
