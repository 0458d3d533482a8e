import { title } from './stage.js';

const IN_PLANT = "tags.location.plant = 'Redmond43'";
const ON_CELLULAR = `${IN_PLANT} AND properties.reported.connectivity.type = 'cellular'`;

/** Tag a device with its location, find it by tag, then by tag and by what it reports. Starts the device of all stories. */
export async function twinsStory(stage) {
  title('Device twins: tag a device, query it, watch it report');
  await stage.run('hub-admin', ['device', 'create', 'myDeviceId']);
  const change = {
    tags: { location: { region: 'US', plant: 'Redmond43' } },
    properties: { desired: { power_level: 1 } },
  };
  await stage.run('hub-admin', ['twin', 'patch', 'myDeviceId', '--json', JSON.stringify(change)]);
  await stage.run('hub-admin', ['query', IN_PLANT]);
  await stage.run('hub-admin', ['query', ON_CELLULAR]);

  const device = stage.start('sim-device', ['--reboot-seconds', '3', '--apply-seconds', '2'], 'device');
  await device.sees(/desired .*power_level/);
  await stage.run('hub-admin', ['wait', 'myDeviceId', "properties.reported.connectivity.type = 'cellular'"]);
  await stage.run('hub-admin', ['query', ON_CELLULAR]);
  return device;
}
