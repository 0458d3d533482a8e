import azureIotDevice from 'azure-iot-device';
import azureIotDeviceMqtt from 'azure-iot-device-mqtt';
import azureIotHub from 'azure-iothub';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { simulateDevice, startHub, type TestHub, waitForTwin } from '../../src/testing/index.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub({ devices: [{ deviceId: 'seeded', tags: { plant: 'Redmond43' }, desired: { level: 1 } }] });
});
afterAll(() => hub.close());

describe('startHub', () => {
  test('begins with the devices that were asked for', async () => {
    const { tags, properties } = await hub.getTwin('seeded');
    expect(tags).toEqual({ plant: 'Redmond43' });
    expect(properties.desired).toMatchObject({ level: 1 });
  });

  test('lets a device client of the SDK in', async () => {
    const client = azureIotDevice.Client.fromConnectionString(await hub.createDevice('sdk'), azureIotDeviceMqtt.Mqtt);
    await client.setOptions({ ca: hub.ca });
    await client.open();
    expect((await hub.query("connectionState = 'Connected' AND deviceId = 'sdk'")).length).toBe(1);
    await client.close();
  });

  test('a service client of the SDK that was aimed at it finds its devices', async () => {
    const registry = hub.aim(azureIotHub.Registry.fromConnectionString(hub.connectionString));
    const { responseBody } = await registry.getTwin('seeded');
    expect(responseBody.tags).toEqual({ plant: 'Redmond43' });
  });

  test('only a service client can be aimed', () => {
    expect(() => hub.aim({})).toThrow('azure-iothub');
  });

  test('hubs do not meet, and leave nothing behind', async () => {
    let home = '';
    {
      await using other = await startHub();
      home = other.env['TANDEM_HOME'] ?? '';
      expect(existsSync(home)).toBe(true);
      await expect(other.getTwin('seeded')).rejects.toMatchObject({ code: 'DeviceNotFound' });
    }
    expect(existsSync(home)).toBe(false);
  });

  test('refuses devices that cannot be, and ends then', async () => {
    await expect(startHub({ devices: [{ deviceId: 'a b' }] })).rejects.toThrow();
  });

  test('moves its clock', async () => {
    await using other = await startHub();
    const device = await simulateDevice(other, 'early');
    await other.advanceClock('2h');
    await device.next('disconnected');
    await device.next('connected');
    await expect(other.advanceClock('soon')).rejects.toThrow('1h30m');
  });
});

describe('simulateDevice', () => {
  test('runs a device that reboots when it is told to', async () => {
    await using device = await simulateDevice(hub, 'press');
    expect(await hub.invokeMethod('press', 'rebootDevice')).toMatchObject({ status: 200 });
    await device.next('rebooted');
    await waitForTwin(hub, 'press', 'is_defined(properties.reported.rebootTime)');
  });

  test('has the methods it was given', async () => {
    await simulateDevice(hub, {
      deviceId: 'methods',
      methods: {
        double: (payload) => ({ status: 200, payload: Number(payload) * 2 }),
        never: () => undefined,
      },
    });
    expect(await hub.invokeMethod('methods', 'double', 21)).toEqual({ status: 200, payload: 42 });
    expect((await hub.invokeMethod('methods', 'DeviceMethod')).status).toBe(200);
    const never = hub.invokeMethod('methods', 'never', null, { responseTimeoutSeconds: 5 });
    await expect(never).rejects.toMatchObject({ code: 'GatewayTimeout' });
  });

  test('reports and sends for the test', async () => {
    await using device = await simulateDevice(hub, { deviceId: 'puppet', tags: { site: 'a' } });
    await device.report({ temperature: 21 });
    expect((await hub.getTwin('puppet')).properties.reported).toMatchObject({ temperature: 21 });
    await device.send({ temperature: 22 }, { level: 'high' });
  });

  test('comes back when it has lost the connection', async () => {
    await using device = await simulateDevice(hub, 'flaky');
    device.loseConnection(50);
    await device.next('disconnected');
    await expect(device.report({ a: 1 })).rejects.toThrow('not connected');
    await device.next('connected');
  });

  test('takes a device that is there already', async () => {
    await using device = await simulateDevice(hub, { deviceId: 'seeded', connectivity: 'wifi' });
    expect(device.connectionString).toBe(await hub.deviceConnectionString('seeded'));
    await waitForTwin(
      hub,
      'seeded',
      "properties.reported.connectivity = 'wifi' OR properties.reported.connectivity.type = 'wifi'",
    );
  });

  test('says what did not happen in time', async () => {
    await using device = await simulateDevice(hub, 'quiet');
    await expect(device.next('method', { timeoutMs: 50 })).rejects.toThrow(
      'no event "method" of the device "quiet" within 50 ms',
    );
  });

  test('tells who waits that the device has ended', async () => {
    const device = await simulateDevice(hub, 'ending');
    const waiting = expect(device.next('method')).rejects.toThrow('has ended');
    await device.close();
    await waiting;
  });
});

describe('waitForTwin', () => {
  test('returns the twin that meets a condition of the query language', async () => {
    await hub.createDevice('waited');
    setTimeout(() => void hub.patchTwin('waited', { tags: { colour: 'red' } }), 50);
    const twin = await waitForTwin(hub, 'waited', "tags.colour = 'red'");
    expect(twin.tags).toEqual({ colour: 'red' });
  });

  test('shows the twin when the time is up', async () => {
    const waiting = waitForTwin(hub, 'seeded', ({ tags }) => tags['plant'] === 'Kent7', { timeoutMs: 50 });
    await expect(waiting).rejects.toThrow(/did not meet the condition within 50 ms[^]*"plant": "Redmond43"/);
  });

  test('ends at once on a condition that is none, and on an unknown device', async () => {
    await expect(waitForTwin(hub, 'seeded', 'tags.colour ==== 1')).rejects.toMatchObject({ exit: 'wrongCall' });
    await expect(waitForTwin(hub, 'nobody', () => true)).rejects.toMatchObject({ code: 'DeviceNotFound' });
  });
});
