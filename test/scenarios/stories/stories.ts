import { afterAll, beforeAll, expect, test } from 'vitest';
import { Programs, type RunningProgram } from '../../support/programs.ts';

const IN_PLANT = "tags.location.plant = 'Redmond43'";
const ON_CELLULAR = `${IN_PLANT} AND properties.reported.connectivity.type = 'cellular'`;

// Long enough that a slow machine gets a word in while the device is away.
const REBOOT_SECONDS = 3;

export interface StoryTarget {
  readonly protocol: 'mqtt' | 'mqtt-ws' | 'amqp' | 'amqp-ws';
  /** Connection strings of a real hub; default: a local hub of the stories' own. */
  readonly azure?: { readonly deviceId: string; readonly env: NodeJS.ProcessEnv };
}

/** The four stories of the tutorials on the built programs: one suite for every protocol, and for Azure. */
export function stories({ protocol, azure }: StoryTarget): void {
  const isLocal = azure === undefined;
  const deviceId = azure?.deviceId ?? 'myDeviceId';
  let programs: Programs;
  let device: RunningProgram;

  beforeAll(async () => {
    programs = new Programs(azure?.env);
    if (isLocal) {
      await programs.startHub();
      await programs.hubAdminJson('device', 'create', deviceId);
    }
  });
  afterAll(() => programs[Symbol.asyncDispose]());

  test('twins: a device is found by tag, and by tag and connectivity only once it has reported', async () => {
    const change = {
      tags: { location: { region: 'US', plant: 'Redmond43' } },
      properties: { desired: { power_level: 1 } },
    };
    const { etag } = await programs.hubAdminJson('twin', 'show', deviceId);
    const twin = await programs.hubAdminJson(
      'twin',
      'patch',
      deviceId,
      '--json',
      JSON.stringify(change),
      '--if-match',
      etag,
    );
    expect(twin.tags).toMatchObject(change.tags);
    const byTag = await programs.hubAdminJson('query', IN_PLANT);
    expect(byTag.map((row: { deviceId: string }) => row.deviceId)).toContain(deviceId);
    if (isLocal) expect(await programs.hubAdminJson('query', ON_CELLULAR)).toEqual([]);

    device = programs.start('sim-device', [
      '-p',
      protocol,
      '--reboot-seconds',
      String(REBOOT_SECONDS),
      '--apply-seconds',
      '1',
    ]);
    await device.prints(/desired .*"power_level":1/);
    await programs.hubAdminJson('wait', deviceId, "properties.reported.connectivity.type = 'cellular'");
    const connected = await programs.hubAdminJson('query', ON_CELLULAR);
    expect(connected.map((row: { deviceId: string }) => row.deviceId)).toContain(deviceId);
  });

  test('direct method: DeviceMethod is called with a payload and answers', async () => {
    const answer = await programs.hubAdminJson('invoke', deviceId, 'DeviceMethod', '{"method_number":"42"}');
    expect(answer).toEqual({
      deviceId,
      methodName: 'DeviceMethod',
      request: { method_number: '42' },
      status: 200,
      payload: { Response: 'This is the response from the device' },
    });
    await device.prints(/method DeviceMethod \(call 1\): \{"method_number":"42"\}/);
  });

  test('configuration: the device reports it pending, then applied', async () => {
    const configId = isLocal ? '2' : new Date().toISOString();
    const done = await programs.hubAdminJson(
      'set-desired',
      deviceId,
      `configId=${configId}`,
      'sendFrequency=5m',
      '--wait',
    );
    expect(done).toMatchObject({
      deviceId,
      status: 'Success',
      reported: { configId, sendFrequency: '5m', status: 'Success' },
    });
    await device.prints(/reported .*"status":"Pending"/);
    await device.prints(/reported .*"status":"Success"/);
  });

  test('reboot: the device answers, goes away, comes back, and its twin tells when', async () => {
    const rebooted = await programs.hubAdminJson('reboot', deviceId);
    expect(rebooted).toMatchObject({
      deviceId,
      status: 200,
      payload: { Response: 'Rebooting', rebootSeconds: REBOOT_SECONDS },
    });
    expect(Date.parse(rebooted.rebootTime)).toBeGreaterThan(Date.now() - 60_000);
    await device.prints(/disconnected: rebooting/);
    await device.prints(/connected to/);
    const twin = await programs.hubAdminJson('twin', 'show', deviceId);
    expect(twin.properties.reported.rebootTime).toBe(rebooted.rebootTime);
  });

  test('while it reboots the device is not connected, and a method call says so with exit code 5', async () => {
    await programs.hubAdminJson('reboot', deviceId, '--no-wait');
    await device.prints(/disconnected: rebooting/);
    const refused = await programs.hubAdmin('invoke', deviceId, 'DeviceMethod', '-o', 'json');
    expect(refused.code).toBe(5);
    expect(refused.stdout).toBe('');
    // The notice that names the hub stands before it.
    expect(JSON.parse(refused.stderr.trim().split('\n').at(-1) ?? '').error).toMatchObject({
      code: 'DeviceNotOnline',
      exitCode: 5,
    });
    await programs.hubAdminJson('wait', deviceId, "connectionState = 'Connected'");
  });
}
