import { title } from './stage.js';

/** Reboot the device: while it is away the hub says so, and the twin tells when it is back. */
export async function rebootStory(stage, device) {
  title('Device management: reboot the device');
  await stage.run('hub-admin', ['reboot', 'myDeviceId', '--no-wait']);
  await device.sees(/rebooting/);
  await stage.run('hub-admin', ['wait', 'myDeviceId', "connectionState = 'Disconnected'"]);
  await stage.run('hub-admin', ['invoke', 'myDeviceId', 'DeviceMethod'], { exit: 5 });
  await device.sees(/reported .*rebootTime/);
  await stage.run('hub-admin', ['reboot', 'myDeviceId']);
  await stage.run('hub-admin', [
    'query',
    'SELECT deviceId, connectionState, properties.reported.rebootTime FROM devices',
  ]);
}
