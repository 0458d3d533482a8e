import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing, pressTab } from '../support/interactive-shell.ts';
import { Programs } from '../support/programs.ts';

const run = promisify(execFile);
const BIN = join(import.meta.dirname, '../../bin/hub-admin.js');

const programs = new Programs();
const options = { cwd: programs.home, env: programs.env };

beforeAll(async () => {
  const bin = join(programs.home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'hub-admin'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
  chmodSync(join(bin, 'hub-admin'), 0o755);
  Object.assign(programs.env, { PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, HOME: programs.home });
  await programs.startHub();
  for (const id of ['pump-1', 'pump-2', 'valve:3', "it's$5"]) await programs.hubAdmin('device', 'create', id);
});

afterAll(() => programs[Symbol.asyncDispose]());

/** What is typed, and what the tab key makes of it. */
const LINES = [
  ['hub-admin reb', 'hub-admin reboot '],
  ['hub-admin twin sh', 'hub-admin twin show '],
  ['hub-admin reboot --no-w', 'hub-admin reboot --no-wait '],
  ['hub-admin --output=nd', 'hub-admin --output=ndjson '],
  ['hub-admin reboot pu', 'hub-admin reboot pump-'],
  ['hub-admin twin show v', 'hub-admin twin show valve:3 '],
  ['hub-admin twin show valve:', 'hub-admin twin show valve:3 '],
  ['hub-admin twin show it', "hub-admin twin show it\\'s\\$5 "],
  [`hub-admin reboot --where "tags.x = 1" --outp`, `hub-admin reboot --where "tags.x = 1" --output `],
  ['hub-admin reboot --devices-from bi', 'hub-admin reboot --devices-from bin/'],
] as const;

describe('the tab key completes commands, flags and device ids of a running hub', () => {
  test.for(['bash', 'zsh'] as const)('in %s', async (shell, { skip }) => {
    const reason = missing(shell, 'script');
    if (reason !== undefined) skip(reason);
    const typed = LINES.map(([line]) => line);
    expect(await pressTab(shell, typed, options)).toEqual(LINES.map(([, completed]) => completed));
  });

  test('in fish', async ({ skip }) => {
    const reason = missing('fish');
    if (reason !== undefined) skip(reason);
    const complete = async (line: string): Promise<string[]> => {
      const script = `hub-admin completion fish | source; complete -C ${JSON.stringify(line)}`;
      const { stdout } = await run('fish', ['--no-config', '-c', script], options);
      return stdout.split('\n').flatMap((each) => (each === '' ? [] : [each.split('\t')[0] ?? '']));
    };
    expect(await complete('hub-admin re')).toEqual(['reboot']);
    expect(await complete('hub-admin reboot --no-w')).toEqual(['--no-wait']);
    expect(await complete('hub-admin query -o ')).toEqual(['table', 'json', 'ndjson', 'csv']);
    expect(await complete('hub-admin twin show ')).toEqual(["it's$5", 'pump-1', 'pump-2', 'valve:3']);
    expect(await complete('hub-admin reboot --devices-from bi')).toEqual(['bin/']);
  });
});

test('a completion takes no longer than hub-admin --version and one query', async () => {
  const took = async (...words: string[]): Promise<number> => {
    const begun = performance.now();
    await programs.run('hub-admin', words);
    return performance.now() - begun;
  };
  const rounds: { version: number; query: number; completion: number }[] = [];
  for (let round = 0; round < 5; round++) {
    rounds.push({
      version: await took('--version'),
      query: await took('query', 'SELECT deviceId FROM devices', '-o', 'json'),
      // Another beginning each time, so that the hub is asked and not the cache.
      completion: await took('__complete', `--current=${'pump-'.slice(0, round + 1)}`, '--', 'reboot'),
    });
  }
  const best = (what: 'version' | 'query' | 'completion'): number => Math.min(...rounds.map((round) => round[what]));
  expect(best('completion')).toBeLessThan(best('version') + best('query'));
});
