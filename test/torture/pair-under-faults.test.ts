import { describe, expect, test } from 'vitest';
import type { Ended } from '../support/programs.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { jump, jumpingClock } from './jumping-clock.ts';
import { Pair, readRecords } from './pair.ts';
import { IS_LONG, Random, rounds, SEED } from './random.ts';
import { tinyDisk } from './tiny-disk.ts';

const DEVICES = IS_LONG ? 200 : 8;
const AWAY_MS = IS_LONG ? 30_000 : 1_500;
const HOUR_MS = 3_600_000;

const OPTIONS = { timeout: IS_LONG ? 600_000 : 120_000, concurrent: !IS_LONG };

describe(`the pair under faults (seed ${SEED})`, OPTIONS, () => {
  test(`the hub is gone for ${AWAY_MS / 1000} s in the middle of a fleet reboot`, async () => {
    await using pair = new Pair(DEVICES);
    await pair.startHub();
    const fleet = await pair.startFleet();
    const reboot = pair.startReboot('2m');
    await fleet.prints(/"rebooting"/);
    await pair.loseHub(AWAY_MS);
    const failed = await expectTrueReboots(pair, await reboot.ended);
    await pair.everybodyIsThere();
    if (failed.length === 0) return;
    const again = await pair.programs.run('hub-admin', ['reboot', '--devices-from', '-', '-o', 'ndjson'], {
      stdin: failed.join('\n'),
    });
    expect(again.code, again.stderr).toBe(0);
  });

  test('a proxy cuts every third connection of both programs', async () => {
    await using pair = new Pair(DEVICES);
    await pair.startHub();
    const { httpsPort, mqttPort } = pair.discovery;
    const random = new Random(SEED);
    await using https = await CuttingProxy.start(httpsPort, random);
    await using mqtt = await CuttingProxy.start(mqttPort, random);
    const behind = pair.homeBehind({ httpsPort: https.port, mqttPort: mqtt.port });
    await pair.startFleet([], behind);
    for (let round = 1; round <= rounds(1, 10); round += 1) {
      await expectTrueTags(pair, behind, `round-${round}`);
      await expectTrueCalls(pair, behind);
    }
    await expectTrueReboots(pair, await pair.startReboot('60s', behind).ended);
    expect(https.cuts + mqtt.cuts).toBeGreaterThan(5);
    await pair.everybodyIsThere();
  });

  test('the disk of the hub is full for a while', async (context) => {
    using disk = tinyDisk();
    if (disk === undefined) return context.skip('a file system of its own takes root');
    // So few that they do not fill it by themselves.
    await using pair = new Pair(12, { TANDEM_HOME: disk.path });
    const hub = await pair.startHub();
    const fleet = await pair.startFleet(['--telemetry', '200ms']);
    disk.fill();
    await fleet.prints(/"disconnected"/);
    const refused = await pair.programs.hubAdmin('twin', 'patch', 'device-1', '--json', bigPatch());
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('the hub failed: its own log says why'),
    ]);
    expect(hub.output).toMatch(/no space left|disk is full/);
    const reboot = pair.startReboot('20s');
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    disk.free();
    await expectTrueReboots(pair, await reboot.ended);
    await pair.everybodyIsThere();
    expect((await pair.programs.hubAdmin('tag', 'device-1', 'room=enough')).code).toBe(0);
  });

  test.each(IS_LONG ? [2 * HOUR_MS, -2 * HOUR_MS] : [-2 * HOUR_MS])(
    'the clock of the machine jumps by %d ms',
    async (jumpMs) => {
      await using pair = new Pair(DEVICES, jumpingClock(jumpMs));
      const hub = await pair.startHub();
      const fleet = await pair.startFleet();
      const reboot = pair.startReboot('60s');
      await fleet.prints(/"rebooting"/);
      // Never is the hub ahead of who signs a token for an hour.
      const forth = [reboot, fleet, hub];
      for (const program of jumpMs > 0 ? forth : forth.reverse()) await jump(program);
      Object.assign(pair.programs.env, jumpingClock(jumpMs, { jumped: true })); // for those that start from now on
      // A call that was on its way when the clock went ahead has a token that is too old.
      await expectTrueReboots(pair, await reboot.ended, { mayBeRefused: jumpMs > 0 });
      // Behind the jump the devices find a hub that comes back.
      await pair.loseHub(100);
      await pair.everybodyIsThere();
    },
  );

  test('the clock of the hub is advanced under a fleet and its reboot', async () => {
    await using pair = new Pair(DEVICES);
    await pair.startHub();
    const fleet = await pair.startFleet();
    const reboot = pair.startReboot('60s');
    await fleet.prints(/"rebooting"/);
    expect((await pair.programs.hubAdmin('hub', 'clock', 'advance', '1d')).code).toBe(0);
    await expectTrueReboots(pair, await reboot.ended);
    await pair.everybodyIsThere();
  });
});

/** Nobody knows whether it was done: the exit code, and words that say so. */
const UNCERTAIN = [
  expect.toSatisfy((code) => code === 5 || code === 9),
  expect.stringMatching(/may have|before it answered/),
];

/** Each record is what the hub and the device know of it. @returns the devices that failed */
async function expectTrueReboots(pair: Pair, ended: Ended, { mayBeRefused = false } = {}): Promise<string[]> {
  const records = readRecords(ended, 'reboot', pair.devices);
  const reported = await pair.rebootTimes();
  for (const { deviceId, rebootTime, error } of records) {
    const reboots = pair.rebootsOf(deviceId);
    if (error === undefined) expect([deviceId, reboots, rebootTime]).toEqual([deviceId, 1, reported.get(deviceId)]);
    else if (error.code === 'DeviceNotOnline') expect([deviceId, reboots]).toEqual([deviceId, 0]);
    // It came back and told the hub, which had no room for it.
    else if (error.code === 'NoRebootTime') expect([deviceId, reboots, error.exitCode]).toEqual([deviceId, 1, 6]);
    else if (!mayBeRefused || error.exitCode !== 4)
      expect([deviceId, error.exitCode, error.message]).toEqual([deviceId, ...UNCERTAIN]);
  }
  return records.flatMap(({ deviceId, error }) => (error === undefined ? [] : [deviceId]));
}

/** Who was tagged by its record is tagged at the hub; who was not is not, unless its record says that nobody knows. */
async function expectTrueTags(pair: Pair, env: NodeJS.ProcessEnv, value: string): Promise<void> {
  const args = ['tag', '--where', "STARTSWITH(deviceId, 'device-')", `torture=${value}`, '-o', 'ndjson'];
  const records = readRecords(await pair.programs.run('hub-admin', args, { env }), 'tag', pair.devices);
  const rows: { deviceId: string }[] = await pair.programs.hubAdminJson('query', `tags.torture = '${value}'`);
  const tagged = new Set(rows.map(({ deviceId }) => deviceId));
  for (const { deviceId, error } of records) {
    if (error === undefined) expect(tagged).toContain(deviceId);
    else expect(error).toMatchObject({ exitCode: 9, message: expect.stringContaining('may have') as string });
  }
}

/** What only reads is answered; what calls a device is answered, or says that it may have been done. */
async function expectTrueCalls(pair: Pair, env: NodeJS.ProcessEnv): Promise<void> {
  const run = (...args: string[]): Promise<Ended> => pair.programs.run('hub-admin', [...args, '-o', 'ndjson'], { env });
  const all = await run('query');
  expect([all.code, all.stdout.split('\n').filter(Boolean).length]).toEqual([0, pair.devices]);
  expect((await run('twin', 'show', 'device-2')).code).toBe(0);
  const call = await run('invoke', 'device-3', 'DeviceMethod', '--connect-timeout', '20s');
  if (call.code !== 0) expect([call.code, call.stderr]).toEqual([9, expect.stringContaining('may have')]);
}

function bigPatch(): string {
  return JSON.stringify({ tags: Object.fromEntries(['a', 'b'].map((name) => [name, 'x'.repeat(3500)])) });
}
