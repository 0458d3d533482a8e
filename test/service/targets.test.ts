import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();

beforeAll(async () => {
  for (const id of ['a1', 'a2', 'a3']) await hub.device(id, { tags: { team: 'a' } });
  await hub.device('b1', { tags: { team: 'b' } });
});

describe('several targets', () => {
  test('--where: one record each in the order of the devices, a summary on stderr', async () => {
    const run = await hub.run(['tag', '--where', "tags.team = 'a'", 'seen:=true', '-o', 'json']);
    expect(run.exitCode).toBe(0);
    expect(run.json().map((twin: { deviceId: string }) => twin.deviceId)).toEqual(['a1', 'a2', 'a3']);
    expect(run.stderr).toContain('tag: 3 of 3 done');
  });

  test.each([
    ['one id a line', 'a1\n# not this one\n\na2\na1\n'],
    ['NDJSON', '{"deviceId":"a1"}\n{"deviceId":"a2","x":1}\n'],
    ['CSV', 'name,deviceId\n"x,y",a1\nz,"a2"\n'],
  ])('--devices-from with %s', async (_name, text) => {
    writeFileSync(join(hub.home, 'devices.txt'), text);
    const run = await hub.run(['tag', '--devices-from', 'devices.txt', 'seen:=2', '-o', 'ndjson']);
    expect(
      run.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).deviceId),
    ).toEqual(['a1', 'a2']);
  });

  test('--devices-from - reads stdin', async () => {
    const run = await hub.run(['twin', 'show', '--devices-from', '-', '-o', 'json'], { input: 'b1\n' });
    expect(run.json()).toMatchObject([{ deviceId: 'b1' }]);
  });

  test('some failed: 8, each with its own reason in its place', async () => {
    const run = await hub.run(['twin', 'show', '--devices-from', '-', '-o', 'json'], { input: 'a1\nnobody\na2\n' });
    expect(run.exitCode).toBe(8);
    expect(run.json()).toMatchObject([
      { deviceId: 'a1' },
      { deviceId: 'nobody', error: { code: 'DeviceNotFound', exitCode: 3 } },
      { deviceId: 'a2' },
    ]);
    expect(run.stderr).toContain('2 of 3 done, 1 failed');
  });

  test('a failure is a row of the table', async () => {
    const run = await hub.run(['invoke', '--where', "tags.team = 'a'", 'DeviceMethod']);
    expect(run.exitCode).toBe(8);
    expect(run.stdout).toMatch(/^a1 .*DeviceNotOnline/m);
    expect(run.stderr).toMatch(/0 of 3 done, 3 failed\n {2}a1: .*DeviceNotOnline.*\n {2}a2: .*\n {2}a3: /);
  });

  test('of many failures the first are listed, the others counted', async () => {
    const input = Array.from({ length: 25 }, (_, index) => `nobody-${index}`).join('\n');
    const run = await hub.run(['twin', 'show', '--devices-from', '-'], { input });
    expect(run.stderr).toContain('  nobody-19: ');
    expect(run.stderr).not.toContain('nobody-20');
    expect(run.stderr.trimEnd()).toMatch(/… and 5 more$/);
  });

  test('a condition that matches nothing is 3, with --allow-none an empty result', async () => {
    const words = ['tag', '--where', "tags.team = 'none'", 'x=1', '-o', 'json'];
    const run = await hub.run(words);
    expect([run.exitCode, run.stdout]).toEqual([3, '']);
    expect(await hub.run([...words, '--allow-none'])).toMatchObject({ exitCode: 0, stdout: '[]\n' });
  });

  test('--all asks: where nobody can be asked it wants --yes, and says how many', async () => {
    const run = await hub.run(['tag', '--all', 'x=1']);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toMatch(/about to tag \d+ devices: this wants --yes/);
    expect((await hub.run(['tag', '--all', 'x=1', '--yes'])).exitCode).toBe(0);
  });

  test('on a terminal it asks, and no is no', async () => {
    const terminal = { tty: { stdin: true, stdout: true, stderr: true } };
    const no = await hub.run(['tag', '--all', 'asked=1'], { input: 'n\n', terminal });
    expect([no.exitCode, no.stderr.includes('[y/N]')]).toEqual([1, true]);
    const yes = await hub.run(['tag', '--all', 'asked=1'], { input: 'y\n', terminal });
    expect(yes.exitCode).toBe(0);
  });

  test('--dry-run lists which and what, and sends nothing', async () => {
    const run = await hub.run(['reboot', '--where', "tags.team = 'a'", '--dry-run', '-o', 'json']);
    expect(run.json()).toHaveLength(3);
    expect(run.json()[0]).toEqual({ deviceId: 'a1', dryRun: true, methodName: 'rebootDevice', payload: null });
  });

  test('the next useful command is said to a person, not to a pipe', async () => {
    const terminal = { tty: { stdin: true, stdout: true, stderr: true } };
    const tagged = await hub.run(['tag', 'b1', 'owner=Bell & Co'], { terminal });
    expect(tagged.stderr).toContain(`Next: hub-admin query "tags.owner = 'Bell & Co'"`);
    expect((await hub.run(['tag', 'b1', 'owner=x', '-o', 'json'])).stderr).not.toContain('Next:');
    expect((await hub.run(['twin', 'show', 'nobody'], { terminal })).stderr).not.toContain('Next:');
    const words = ['twin', 'show', '--devices-from', '-'];
    const person = await hub.run(words, { input: 'a1\nnobody\n', terminal });
    expect(person.stderr).toContain('--retry-failed records.ndjson');
    expect((await hub.run(words, { input: 'a1\nnobody\n' })).stderr).not.toContain('Next:');
  });

  test.each([
    ['two selections', ['twin', 'show', '--all', '--where', 'x'], 'only one of --where, --all and --devices-from'],
    ['a deviceId beside a selection', ['twin', 'show', 'a1', '--all'], 'there is no deviceId'],
    ['two ids', ['twin', 'show', 'a1', 'a2'], 'unexpected "a2"'],
    ['concurrency out of range', ['reboot', 'x', '--concurrency', 'ten'], 'from 1 to 1000, got "ten"'],
    ['a bad condition', ['tag', '--where', 'tags.team == 1', 'x=1'], 'line 1, column'],
  ])('%s is a wrong call', async (_name, words, message) => {
    const run = await hub.run(words);
    expect([run.exitCode, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(message);
  });
});

describe('--retry-failed', () => {
  const records = (name: string, text: string): string => {
    writeFileSync(join(hub.home, name), text);
    return name;
  };

  test('touches those that failed, and only them', async () => {
    const first = await hub.run(['twin', 'show', '--devices-from', '-', '-o', 'ndjson'], { input: 'a1\nlate\na2\n' });
    expect(first.exitCode).toBe(8);
    const file = records('first.ndjson', first.stdout);
    await hub.device('late');
    const again = await hub.run(['tag', '--retry-failed', file, 'again:=true', '-o', 'json']);
    expect(again.exitCode).toBe(0);
    expect(again.json()).toMatchObject([{ deviceId: 'late', tags: { again: true } }]);
    const third = await hub.run(['tag', '--retry-failed', records('third.json', again.stdout), 'x=1', '-o', 'json']);
    expect([third.exitCode, third.stdout]).toEqual([0, '[]\n']);
    expect(third.stderr).toContain('No device is left to do');
  });

  test('what a method of the device failed with counts as failed too; -o json is a record file as well', async () => {
    const device = await hub.connect('a1');
    hub.answer(device, 'reset', () => ({ status: 500, payload: 'jammed' }));
    const words = ['invoke', '--devices-from', '-', 'reset', '-o', 'json'];
    const first = await hub.run(words, { input: 'a1\n' });
    expect(first.json()).toMatchObject([{ deviceId: 'a1', status: 500, error: { exitCode: 7 } }]);
    const plan = await hub.run([
      'invoke',
      '--retry-failed',
      records('invoked.json', first.stdout),
      'reset',
      '--dry-run',
      '-o',
      'json',
    ]);
    expect(plan.json()).toMatchObject([{ deviceId: 'a1', dryRun: true }]);
  });

  test('beside a condition it takes up where a stopped run ended', async () => {
    const file = records('stopped.ndjson', '{"deviceId":"a1"}\n{"deviceId":"a2","error":{"code":"x"}}\n{"devi');
    const words = ['tag', '--where', "tags.team = 'a'", '--retry-failed', file, 'x=1', '--dry-run', '-o', 'ndjson'];
    const run = await hub.run(words);
    expect(run.stdout.match(/"deviceId":"\w+"/g)).toEqual(['"deviceId":"a2"', '"deviceId":"a3"']);
  });

  test.each([
    ['an empty file', '', 'has no records'],
    ['a list of ids', 'a1\na2\n', 'line 1 is not JSON'],
    ['records of something else', '[{"plant":"R43"}]', 'record 1: no record of a device'],
    ['half a document', '[\n  {"deviceId":"a1"},\n', 'is not JSON'],
    ['the records of a dry run', '{"deviceId":"a1","dryRun":true}\n', 'a dry run'],
  ])('%s is a wrong call', async (_name, text, message) => {
    const run = await hub.run(['tag', '--retry-failed', records('wrong', text), 'x=1']);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(message);
  });
});
