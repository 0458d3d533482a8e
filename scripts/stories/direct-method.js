import { title } from './stage.js';

/** Call a method on the device and see its answer. */
export async function directMethodStory(stage, device) {
  title('Direct methods: call DeviceMethod');
  await stage.run('hub-admin', ['invoke', 'myDeviceId', 'DeviceMethod', '{"method_number":"42"}']);
  await device.sees(/answered DeviceMethod: 200/);
}
