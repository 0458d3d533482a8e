import { readFileSync } from 'node:fs';
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
    expect((await second.ended).code).toBe(0);

    const [before, after] = [read(join(programs.home, 'first.ndjson')), read(join(programs.home, 'second.ndjson'))];
    expect(essence(byDevice(after))).toEqual(essence(byDevice(before)));
  });
});
