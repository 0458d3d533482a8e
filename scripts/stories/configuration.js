import { title } from './stage.js';

/** Set a desired configuration and wait until the device has applied it. */
export async function configurationStory(stage, device) {
  title('Desired properties: configure the device');
  await stage.run('hub-admin', ['set-desired', 'myDeviceId', 'configId=2', 'sendFrequency=5m', '--wait']);
  await device.sees(/configuration "2".*Pending/);
  await device.sees(/configuration "2".*Success/);
}
