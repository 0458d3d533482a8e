import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hubForTests, report } from './hub-admin.ts';

const hub = hubForTests();

describe('tag', () => {
  test('sends only what changes, and shows the section before and after', async () => {
    await hub.device('tags', { tags: { location: { region: 'EU', floor: 2 } } });
    const run = await hub.run(['tag', 'tags', 'location.region=US', 'installed:=2024', 'location.floor:=null']);
    expect(run.exitCode).toBe(0);
    expect(run.stdout.split('\n')).toEqual([
      'tags of "tags"',
      '  before  {"location":{"region":"EU","floor":2}}',
      '  after   {"location":{"region":"US"},"installed":2024}',
      '',
    ]);
  });

  test('as JSON is the twin', async () => {
    await hub.device('tags-json');
    const run = await hub.run(['tag', 'tags-json', 'a.b=1', '-o', 'json']);
    expect(run.json()).toMatchObject({ deviceId: 'tags-json', tags: { a: { b: '1' } }, properties: { desired: {} } });
  });

  test.each([
    ['--json with the text', ['--json', '{"a": 1}'], ''],
    ['--json with a file', ['--json', '@tags.json'], ''],
    ['--json with stdin', ['--json', '-'], '{"a": 1}'],
  ])('%s', async (name, words, input) => {
    writeFileSync(join(hub.home, 'tags.json'), '{"a": 1}');
    const deviceId = `of${name.replaceAll(' ', '-')}`;
    await hub.device(deviceId);
    expect((await hub.run(['tag', deviceId, ...words, '-o', 'json'], { input })).json().tags).toEqual({ a: 1 });
  });

  test('--dry-run sends nothing', async () => {
    await hub.device('dry');
    const run = await hub.run(['tag', 'dry', 'a=1', '--dry-run', '-o', 'json']);
    expect(run.json()).toEqual({ deviceId: 'dry', dryRun: true, tags: { a: '1' } });
    expect((await hub.run(['twin', 'show', 'dry', '-o', 'json'])).json().tags).toEqual({});
  });

  test('a stale etag is 1', async () => {
    await hub.device('stale');
    const run = await hub.run(['tag', 'stale', 'a=1', '--if-match', 'AAAAAAAAAAA=']);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('the etag is stale');
  });

  test('more than the limit is 1', async () => {
    await hub.device('large');
    const tags = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`t${index}`, 'x'.repeat(2000)]));
    const run = await hub.run(['tag', 'large', '--json', JSON.stringify(tags)]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('8192');
  });

  test.each([
    ['no assignment', ['tag', 'x'], 'nothing to change'],
    ['no =', ['tag', 'x', 'foo'], '"foo" is not an assignment'],
    ['an escaped dot', ['tag', 'x', 'a\\.b=1'], 'IoT Hub forbids dots in property names'],
    ['a dot in a name', ['tag', 'x', '--json', '{"a.b": 1}'], 'has a dot, which IoT Hub forbids'],
    ['a $ in a name', ['tag', 'x', '$a=1'], 'has a $, which IoT Hub forbids'],
    ['an empty name', ['tag', 'x', 'a..b=1'], 'a name in its path is empty'],
    ['bad JSON', ['tag', 'x', 'a:=tru'], 'the value of a is not JSON'],
    ['a contradiction', ['tag', 'x', 'a=1', 'a.b=2'], 'contradicts an assignment before it'],
    ['both forms', ['tag', 'x', 'a=1', '--json', '{}'], 'either --json or assignments'],
    ['JSON that is no object', ['tag', 'x', '--json', '[1]'], '--json must be a JSON object'],
    ['a file that is not there', ['tag', 'x', '--json', '@none.json'], 'the file "none.json" cannot be read'],
  ])('%s is a wrong call', async (_name, words, message) => {
    const run = await hub.run(words);
    expect([run.exitCode, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(message);
  });
});

describe('twin patch and replace', () => {
  test('patch writes tags and desired properties in one update', async () => {
    await hub.device('both');
    const words = ['tags.location.plant=Redmond43', 'desired.power_level:=1', 'properties.desired.x:=2'];
    expect((await hub.run(['twin', 'patch', 'both', ...words])).exitCode).toBe(2);
    const run = await hub.run(['twin', 'patch', 'both', ...words.slice(0, 2), '-o', 'json']);
    expect(run.json()).toMatchObject({
      tags: { location: { plant: 'Redmond43' } },
      properties: { desired: { power_level: 1, $version: 2 } },
      etag: 'AAAAAAAAAAI=',
    });
  });

  test('patch leaves what it does not name, replace does not', async () => {
    await hub.device('replaced', { tags: { old: 1 }, properties: { desired: { a: 1 } } });
    await hub.run(['twin', 'patch', 'replaced', 'tags.new:=2']);
    const run = await hub.run(['twin', 'replace', 'replaced', '--json', '{"tags": {"new": 2}}', '-o', 'json']);
    expect(run.json()).toMatchObject({ tags: { new: 2 }, properties: { desired: { a: 1 } } });
    expect(run.json().tags).not.toHaveProperty('old');
  });

  test('anything else of a twin cannot be written', async () => {
    const run = await hub.run(['twin', 'patch', 'x', 'reported.a=1']);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('"reported" of a twin cannot be written');
  });
});

describe('twins of modules', () => {
  test('are shown, patched and replaced with --module', async () => {
    await hub.device('modular');
    await hub.run(['device', 'create', 'modular', '--module', 'camera']);
    const patched = await hub.run(['twin', 'patch', 'modular', '--module', 'camera', 'desired.fps:=5', '-o', 'json']);
    expect(patched.json()).toMatchObject({
      deviceId: 'modular',
      moduleId: 'camera',
      properties: { desired: { fps: 5 } },
    });
    await hub.run(['twin', 'replace', 'modular', '--module', 'camera', 'tags.lens=wide']);
    const shown = await hub.run(['twin', 'show', 'modular', '--module', 'camera', '-o', 'json']);
    expect(shown.json()).toMatchObject({ tags: { lens: 'wide' }, properties: { desired: { fps: 5 } } });
    expect((await hub.run(['twin', 'show', 'modular', '-o', 'json'])).json().tags).toEqual({});
    expect((await hub.run(['twin', 'show', 'modular', '--module', 'none'])).exitCode).toBe(3);
  });
});

describe('twin show and diff', () => {
  test('show gives the twin, and 3 for a device that is not there', async () => {
    await hub.device('shown');
    expect((await hub.run(['twin', 'show', 'shown', '-o', 'json'])).json()).toMatchObject({ deviceId: 'shown' });
    const run = await hub.run(['twin', 'show', 'nobody']);
    expect(run.exitCode).toBe(3);
    expect(run.stderr).toContain('there is no device "nobody"');
  });

  test('diff compares value by value', async () => {
    await hub.device('diff', { properties: { desired: { same: 1, other: 'a', wished: true } } });
    const device = await hub.connect('diff');
    await report(device, { same: 1, other: 'b', own: [1] });
    const run = await hub.run(['twin', 'diff', 'diff', '-o', 'json']);
    expect(run.json()).toMatchObject({
      deviceId: 'diff',
      desiredVersion: 2,
      reportedVersion: 2,
      values: [
        { path: 'same', state: 'same' },
        { path: 'other', state: 'different', desired: 'a', reported: 'b', desiredVersion: 2 },
        { path: 'wished', state: 'not reported', desired: true },
        { path: 'own', state: 'not desired', reported: [1] },
      ],
    });
    const table = await hub.run(['twin', 'diff', 'diff', '--changed']);
    expect(table.stdout).not.toMatch(/^same/m);
    expect(table.stdout).toMatch(/^other {2,}different {2,}a/m);
  });
});

describe('twin watch', () => {
  test('shows changes as they happen and ends after --count', async () => {
    await hub.device('watched');
    const run = await hub.run(['twin', 'watch', 'watched', '--interval', '500ms', '--count', '1', '-o', 'ndjson'], {
      when: { text: 'Watching', act: () => hub.run(['tag', 'watched', 'a=1']) },
    });
    expect(JSON.parse(run.stdout)).toMatchObject({ deviceId: 'watched', path: 'tags.a', after: '1' });
  });

  test('-o json is a wrong call on a stream', async () => {
    const run = await hub.run(['twin', 'watch', 'watched', '-o', 'json']);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('use -o ndjson');
  });
});
