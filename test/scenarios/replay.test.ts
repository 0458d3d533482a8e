import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Programs } from '../support/programs.ts';

interface Recorded {
  kind: string;
  time: string;
  deviceId: string;
  bodyBase64: string;
  properties: Record<string, string>;
  systemProperties: Record<string, string>;
}

const read = (file: string): Recorded[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded);

/** What must be the same when it is sent again. */
const essence = (recording: readonly Recorded[]) =>
  recording.map(({ deviceId, bodyBase64, properties, systemProperties }) => ({
    deviceId,
    bodyBase64,
    properties,
    systemProperties,
  }));

const byDevice = (recording: readonly Recorded[]): Recorded[] =>
  [...recording].sort((a, b) => a.deviceId.localeCompare(b.deviceId));

describe('a recording of the monitor', () => {
  test('is replayed: the same messages arrive again, bodies and properties equal', async () => {
    await using programs = new Programs();
    await programs.startHub();
    const devices = ['press', 'pump'].map((id) => programs.start('sim-device', ['-d', id, '--telemetry', '200ms']));
    for (const device of devices) await device.prints(/telemetry/);
    const first = programs.start('hub-admin', [
      'monitor',
      '--kind',
      'telemetry',
      '--count',
      '8',
      '--record',
      'first.ndjson',
    ]);
    expect((await first.ended).code).toBe(0);
    for (const device of devices) await device.interrupt();

    const second = programs.start('hub-admin', [
      'monitor',
      '--kind',
      'telemetry',
      '--count',
      '8',
      '--record',
      'second.ndjson',
    ]);
    await second.prints(/Listening/);
    const replay = await programs.run('sim-device', ['replay', 'first.ndjson', '--speed', '2x']);
    expect(replay.code, replay.stderr).toBe(0);
    expect(replay.stderr).toContain('replayed 8 of 8 messages');
    expect((await second.ended).code).toBe(0);

    const [before, after] = [read(join(programs.home, 'first.ndjson')), read(join(programs.home, 'second.ndjson'))];
    expect(essence(byDevice(after))).toEqual(essence(byDevice(before)));
  });

  test('is sent faster, and as another device, when that is asked for', async () => {
    await using programs = new Programs();
    await programs.startHub();
    const line = (time: string, body: unknown) =>
      JSON.stringify({ kind: 'telemetry', deviceId: 'gone', time, body, properties: { a: 'b' } });
    const lines = [
      line('2026-01-01T08:00:00Z', { n: 1 }),
      '{"kind":"twin","deviceId":"gone"}',
      line('2026-01-01T09:00:00Z', 'text'),
    ];
    writeFileSync(join(programs.home, 'hour.ndjson'), lines.join('\n'));
    const replay = await programs.run('sim-device', [
      'replay',
      'hour.ndjson',
      '--speed',
      'max',
      '-d',
      'stand-in',
      '-o',
      'ndjson',
    ]);
    expect(replay.code, replay.stderr).toBe(0);
    expect(replay.stderr).toContain('no telemetry of a device: 1 of the lines of hour.ndjson');
    const told = replay.stdout
      .trimEnd()
      .split('\n')
      .map((each) => JSON.parse(each));
    expect(told.filter(({ event }) => event === 'telemetry')).toMatchObject([
      { deviceId: 'stand-in', body: { n: 1 }, properties: { a: 'b' } },
      { deviceId: 'stand-in', body: 'text' },
    ]);
  });

  test.each([
    ['no JSON', 'not JSON\n', 'line 1 is no JSON object'],
    ['no time', '{"kind":"telemetry","deviceId":"a","body":1}\n', 'line 1 has no time'],
    ['no telemetry', '{"kind":"twin","deviceId":"a"}\n', 'no telemetry in'],
  ])('with %s is a wrong call', async (_what, text, said) => {
    await using programs = new Programs();
    writeFileSync(join(programs.home, 'bad.ndjson'), text);
    const { code, stderr } = await programs.run('sim-device', ['replay', 'bad.ndjson']);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });

  test.each([['fast'], ['0x'], ['-1']])('has no speed %s', async (speed) => {
    await using programs = new Programs();
    const { code, stderr } = await programs.run('sim-device', ['replay', 'x.ndjson', `--speed=${speed}`]);
    expect(code).toBe(2);
    expect(stderr).toContain('--speed must be a factor');
  });
});
