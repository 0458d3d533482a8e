import azureIotHub from 'azure-iothub';
import { simulateDevice, startHub, type TestHub, waitForTwin } from 'iothub-tandem/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rebootPlant } from '../src/reboot-plant.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await startHub();
});
afterEach(() => hub.close());

/** The service SDK calls port 443 and cannot be told another one: the test kit aims it at its hub. */
function backEnd() {
  return {
    registry: hub.aim(azureIotHub.Registry.fromConnectionString(hub.connectionString)),
    client: hub.aim(azureIotHub.Client.fromConnectionString(hub.connectionString)),
  };
}

describe('rebooting a plant', () => {
  test('reboots its devices and no others', async () => {
    await simulateDevice(hub, { deviceId: 'press', tags: { plant: 'Redmond43' } });
    await simulateDevice(hub, { deviceId: 'robot', tags: { plant: 'Redmond43' } });
    const other = await simulateDevice(hub, { deviceId: 'pump', tags: { plant: 'Kent7' } });

    expect(await rebootPlant(backEnd(), 'Redmond43')).toEqual([
      { deviceId: 'press', outcome: 200 },
      { deviceId: 'robot', outcome: 200 },
    ]);
    const press = await waitForTwin(hub, 'press', 'is_defined(properties.reported.rebootTime)');
    expect(press.tags).toHaveProperty('lastReboot');
    expect(other.events.map(({ event }) => event)).not.toContain('rebooting');
  });

  test('goes on when one of them is away, and says so', async () => {
    await hub.createDevice('away', { tags: { plant: 'Redmond43' } });
    await simulateDevice(hub, { deviceId: 'press', tags: { plant: 'Redmond43' } });

    expect(await rebootPlant(backEnd(), 'Redmond43')).toEqual([
      { deviceId: 'away', outcome: 'unreachable' },
      { deviceId: 'press', outcome: 200 },
    ]);
  });

  test('tells a device that failed from one that rebooted', async () => {
    await simulateDevice(hub, {
      deviceId: 'stubborn',
      tags: { plant: 'Redmond43' },
      methods: { rebootDevice: () => ({ status: 503, payload: 'not now' }) },
    });

    expect(await rebootPlant(backEnd(), 'Redmond43')).toEqual([{ deviceId: 'stubborn', outcome: 503 }]);
    expect((await hub.getTwin('stubborn')).tags).not.toHaveProperty('lastReboot');
  });
});
