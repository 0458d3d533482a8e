import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DeviceEvent } from '../../../src/device/device-event.ts';
import { Programs } from '../../support/programs.ts';

const SCENARIO = `
devices: { ids: 'pump-\${index}', count: 50 }
tags: { location: { plant: { $cycle: [Redmond43, Houston] } } }
connectivity: ethernet
reboot: { duration: 5m }
behaviours: ./own.ts
variants:
  - indexes: '2,12,22,32,42'
    reboot: { failureRate: 1 }
`;
const OWN = `
type Context = { deviceId: string };
export default ({ deviceId }: Context) => ({ methods: { whoAreYou: () => ({ status: 200, payload: deviceId }) } });
`;
const FAILING = ['pump-12', 'pump-2', 'pump-22', 'pump-32', 'pump-42'];

const events = (text: string): DeviceEvent[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

describe('a fleet and the console', () => {
  test('half a fleet is rebooted; in the other half five devices fail, are listed, and are tried again alone', async () => {
    await using programs = new Programs();
    await programs.startHub();
    writeFileSync(join(programs.home, 'plants.yaml'), SCENARIO);
    writeFileSync(join(programs.home, 'own.ts'), OWN);
    const flags = ['--reboot-seconds', '0.2', '--connectivity', 'wifi', '--method', 'getLog=["flag"]'];
    const fleet = programs.start('sim-device', ['fleet', '--scenario', 'plants.yaml', ...flags, '-o', 'ndjson']);
    await fleet.prints(/50\/50 connected/);

    const whole = ['--where', "tags.location.plant = 'Redmond43'"];
    const done = await programs.hubAdmin('reboot', ...whole, '-o', 'ndjson');
    expect(done.code).toBe(0);
    expect(events(done.stdout)).toHaveLength(25);

    const part = ['--where', "tags.location.plant = 'Houston'"];
    const failed = await programs.hubAdmin('reboot', ...part, '-o', 'ndjson');
    expect(failed.code).toBe(8);
    expect(failedIds(failed.stdout)).toEqual(FAILING);
    expect(failed.stdout).toContain('simulated failure');

    writeFileSync(join(programs.home, 'records.ndjson'), failed.stdout);
    const again = await programs.hubAdmin('reboot', '--retry-failed', 'records.ndjson', '-o', 'ndjson');
    expect(again.code).toBe(8);
    expect(events(again.stdout)).toHaveLength(5);

    const answer = await programs.hubAdminJson('invoke', 'pump-1', 'getLog');
    expect(answer.payload).toEqual(['flag']);
    expect(await programs.hubAdminJson('invoke', 'pump-1', 'whoAreYou')).toMatchObject({ payload: 'pump-1' });
    const { code, stdout } = await fleet.interrupt();
    expect(code).toBe(130);
    const told = events(stdout);
    expect(told.at(-1)).toMatchObject({ event: 'summary', devices: 50, reboots: 45 });
    const connectivity = told.flatMap((event) => (event.event === 'reported' ? [event.patch['connectivity']] : []));
    expect(connectivity[0]).toEqual({ type: 'wifi' });
  });

  test('two shards with the index from the environment connect a fleet exactly once', async () => {
    await using programs = new Programs();
    await programs.startHub();
    const shard = async (index: string): Promise<string[]> => {
      const flags = ['--count', '40', '--shard', '2', '-o', 'ndjson'];
      const running = programs.start('sim-device', ['fleet', ...flags], { JOB_COMPLETION_INDEX: index });
      await running.prints(/20\/20 connected/);
      const { stdout } = await running.interrupt();
      return events(stdout).flatMap((event) => (event.event === 'connected' ? [event.deviceId] : []));
    };
    const ids = (await Promise.all([shard('0'), shard('1')])).flat();
    expect(ids).toHaveLength(40);
    expect(new Set(ids).size).toBe(40);
  });
});

function failedIds(text: string): string[] {
  const records: { deviceId: string; error?: object }[] = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return records
    .filter(({ error }) => error !== undefined)
    .map(({ deviceId }) => deviceId)
    .sort();
}
