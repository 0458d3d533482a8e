import { expect, test } from 'vitest';
import { Programs } from '../support/programs.ts';

test('two devices that start at the same moment end up on one hub', async () => {
  await using programs = new Programs();
  const devices = ['first', 'second'].map((id) => programs.start('sim-device', ['-d', id]));
  await Promise.all(devices.map((device) => device.prints(/reported/)));
  expect(devices.filter((device) => device.output.includes('started a local hub'))).toHaveLength(1);
  const connected = await programs.hubAdminJson('query', "connectionState = 'Connected'");
  expect(connected.map((row: { deviceId: string }) => row.deviceId).sort()).toEqual(['first', 'second']);
});

test('after a kill -9 of the hub the next start works at once, and nothing acknowledged is lost', async () => {
  await using programs = new Programs();
  const ports = ['--https-port', '0', '--mqtt-port', '0', '--amqp-port', '0'];
  const hub = programs.start('hub-admin', ['hub', ...ports]);
  await hub.prints(/ready/);
  await programs.hubAdminJson('device', 'create', 'kept');
  await programs.hubAdminJson('tag', 'kept', 'plant=Redmond43');
  await hub.kill();

  const gone = await programs.hubAdmin('query');
  expect(gone.code).toBe(9);
  const next = programs.start('hub-admin', ['hub', ...ports]);
  await next.prints(/ready/);
  const rows = await programs.hubAdminJson('query', "tags.plant = 'Redmond43'");
  expect(rows.map((row: { deviceId: string }) => row.deviceId)).toEqual(['kept']);
});

test('a device whose hub ends reconnects to the next one', async () => {
  await using programs = new Programs();
  const hub = await programs.startHub();
  const device = programs.start('sim-device', []);
  await device.prints(/connected to/);
  await hub.interrupt();
  await device.prints(/disconnected/);
  await programs.startHub();
  await device.prints(/connected to/);
});
