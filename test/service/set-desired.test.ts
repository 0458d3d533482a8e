import type { Client, Twin } from 'azure-iot-device';
import { describe, expect, test } from 'vitest';
import { hubForTests, report } from './hub-admin.ts';

const hub = hubForTests();

/** A device that reports what `react` makes of each desired patch. */
async function deviceThat(
  deviceId: string,
  react: (patch: Record<string, unknown>, say: (reported: object) => Promise<void>) => Promise<void>,
): Promise<Client> {
  await hub.device(deviceId);
  const device = await hub.connect(deviceId);
  const twin: Twin = await device.getTwin();
  const say = (reported: object): Promise<void> =>
    new Promise((resolve) => twin.properties.reported['update'](reported, () => resolve()));
  let first = true;
  await new Promise<void>((resolve) => {
    twin.on('properties.desired', (patch: Record<string, unknown>) => {
      // The SDK calls it once with what is there already.
      if (!first) void react(patch, say);
      first = false;
      resolve();
    });
  });
  return device;
}

// Several at once: most of the time is waiting.
describe.concurrent('set-desired', () => {
  test('shows the section before and after', async () => {
    await hub.device('plain', { properties: { desired: { power_level: 1 } } });
    const run = await hub.run(['set-desired', 'plain', 'power_level:=2']);
    expect(run.stdout.split('\n')).toEqual([
      'desired properties of "plain"',
      '  before  {"power_level":1}',
      '  after   {"power_level":2}',
      '',
    ]);
  });

  test('--wait ends with 0 when the device reports the values and "Success"', async () => {
    await deviceThat('obedient', async ({ configId, sendFrequency }, say) => {
      await say({ configId, sendFrequency, status: 'Pending' });
      setTimeout(() => void say({ status: 'Success' }), 700);
    });
    const run = await hub.run(['set-desired', 'obedient', 'configId=2', 'sendFrequency=5m', '--wait', '-o', 'json']);
    expect(run.exitCode).toBe(0);
    expect(run.json()).toMatchObject({
      deviceId: 'obedient',
      before: {},
      desired: { configId: '2', sendFrequency: '5m' },
      reported: { configId: '2', sendFrequency: '5m', status: 'Success' },
      status: 'Success',
    });
    expect(run.stderr).toContain('reports status "Pending"');
  });

  test('--wait ends with 0 when the values were in force already', async () => {
    const run = await hub.run([
      'set-desired',
      'obedient',
      'configId=2',
      'sendFrequency=5m',
      '--wait',
      '--timeout',
      '5s',
    ]);
    expect(run.exitCode).toBe(0);
  });

  test('--wait understands a configuration that is nested', async () => {
    await deviceThat('nested', async (patch, say) => {
      const { configId, sendFrequency } = patch['telemetryConfig'] as Record<string, unknown>;
      await say({ telemetryConfig: { configId, sendFrequency, status: 'Success' } });
    });
    const json = '{"telemetryConfig": {"configId": "9", "sendFrequency": "5m"}}';
    const run = await hub.run(['set-desired', 'nested', '--json', json, '--wait', '-o', 'json']);
    expect(run.json()).toMatchObject({ status: 'Success' });
  });

  test('--wait ends with 7 when the device reports "Error", and says why', async () => {
    await deviceThat('strict', async ({ configId }, say) => say({ configId, status: 'Error', reason: 'too often' }));
    const run = await hub.run(['set-desired', 'strict', 'configId=3', 'sendFrequency=1ms', '--wait', '-o', 'json']);
    expect(run.exitCode).toBe(7);
    expect(run.json()).toMatchObject({ status: 'Error' });
    expect(run.stderr).toContain('too often');
  });

  test('--wait does not take an old "Success" for the answer to this write', async () => {
    await hub.device('stale-status');
    const device = await hub.connect('stale-status');
    await report(device, { configId: '4', status: 'Success' });
    const run = await hub.run(['set-desired', 'stale-status', 'configId=4', '--wait', '--timeout', '1s']);
    expect(run.exitCode).toBe(6);
  });

  test('--wait ends with 6 and names what was never reported', async () => {
    await hub.device('mute');
    const run = await hub.run(['set-desired', 'mute', 'power_level:=1', 'a.b=2', '--wait', '--timeout', '1s']);
    expect(run.exitCode).toBe(6);
    expect(run.stderr).toContain('never reported power_level, a.b');
  });
});
