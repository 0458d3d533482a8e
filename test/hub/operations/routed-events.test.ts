import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVENT_SOURCES } from '../../../src/hub/index.ts';
import type { LoggedEvent } from '../../../src/hub/model/event.ts';
import { openDevice, report } from '../../support/device.ts';
import { eventsOf } from '../../support/events.ts';
import { startHub, type TestHub } from '../../support/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub({ routes: EVENT_SOURCES });
});
afterAll(() => hub.close());

const bodyOf = (event: LoggedEvent | undefined): unknown => JSON.parse(event?.body.toString() ?? 'null');
const operations = (events: readonly LoggedEvent[]): unknown[] => events.map(({ properties }) => properties['opType']);

describe('twin changes on the events endpoint', () => {
  test("a service's patch is told with the metadata of what it changed", async () => {
    await hub.createDevice('patched');
    await hub.registry().updateTwin('patched', { tags: { a: 1 }, properties: { desired: { x: 1, y: { z: 2 } } } }, '*');
    await hub.registry().updateTwin('patched', { properties: { desired: { y: { z: 3 }, x: null } } }, '*');
    const [first, second] = await eventsOf(hub, 'patched', 'twinChangeEvents');
    expect(first).toMatchObject({
      annotations: { 'iothub-connection-device-id': 'patched', 'iothub-message-source': 'twinChangeEvents' },
      systemProperties: { 'content-type': 'application/json', 'content-encoding': 'utf-8', 'user-id': 'localhost' },
      properties: {
        hubName: 'localhost',
        deviceId: 'patched',
        operationTimestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        opType: 'updateTwin',
        'iothub-message-schema': 'twinChangeNotification',
      },
    });
    expect(bodyOf(first)).toMatchObject({
      tags: { a: 1 },
      properties: { desired: { x: 1, y: { z: 2 }, $version: 2 } },
    });
    const time = expect.any(String) as string;
    const stamp = { $lastUpdated: time, $lastUpdatedVersion: 3 };
    expect(bodyOf(second)).toEqual({
      version: expect.any(Number) as number,
      properties: {
        desired: { x: null, y: { z: 3 }, $metadata: { ...stamp, y: { ...stamp, z: stamp } }, $version: 3 },
      },
    });
  });

  test('a replaced twin is told whole', async () => {
    await hub.createDevice('replaced');
    await hub.server.hub.twins.replace({ deviceId: 'replaced' }, { tags: { a: 1 } }, { kind: 'any' });
    const [event] = await eventsOf(hub, 'replaced', 'twinChangeEvents');
    expect(event?.properties['opType']).toBe('replaceTwin');
    expect(bodyOf(event)).toMatchObject({
      deviceId: 'replaced',
      tags: { a: 1 },
      properties: { desired: { $version: 1 }, reported: { $version: 1 } },
    });
  });

  test('what a device reports is told', async () => {
    const client = await openDevice(hub, await hub.createDevice('reporting'));
    await report(await client.getTwin(), { battery: 7 });
    await client.close();
    const [event] = await eventsOf(hub, 'reporting', 'twinChangeEvents');
    expect(bodyOf(event)).toMatchObject({ properties: { reported: { battery: 7, $version: 2 } } });
  });
});

describe('lifecycle on the events endpoint', () => {
  test('devices and modules are created and deleted', async () => {
    await hub.createDevice('living');
    await hub.registry().addModule({ deviceId: 'living', moduleId: 'm' });
    await hub.registry().removeModule('living', 'm');
    await hub.registry().delete('living');
    const events = await eventsOf(hub, 'living', 'deviceLifecycleEvents');
    expect(operations(events)).toEqual([
      'createDeviceIdentity',
      'createModuleIdentity',
      'deleteModuleIdentity',
      'deleteDeviceIdentity',
    ]);
    expect(events[1]).toMatchObject({
      properties: { moduleId: 'm', 'iothub-message-schema': 'deviceLifecycleNotification' },
      annotations: { 'iothub-connection-module-id': 'm' },
    });
    expect(bodyOf(events[0])).toMatchObject({ deviceId: 'living', properties: { desired: { $version: 1 } } });
    expect(bodyOf(events[1])).toMatchObject({ deviceId: 'living', moduleId: 'm' });
  });

  test('a bulk creation is told device by device', async () => {
    await hub.registry().addDevices([{ deviceId: 'bulk-1' }, { deviceId: 'bulk-2' }]);
    for (const id of ['bulk-1', 'bulk-2']) {
      expect(operations(await eventsOf(hub, id, 'deviceLifecycleEvents'))).toEqual(['createDeviceIdentity']);
    }
  });
});

describe('connection states on the events endpoint', () => {
  test('connect and disconnect come with growing sequence numbers', async () => {
    const device = await hub.createDevice('coming');
    const gone = (): Promise<void> =>
      new Promise((resolve) => hub.server.hub.events.on('disconnected', () => resolve()));
    for (let round = 0; round < 2; round += 1) {
      const left = gone();
      await (await openDevice(hub, device)).close();
      await left;
    }
    const events = await eventsOf(hub, 'coming', 'deviceConnectionStateEvents');
    expect(operations(events)).toEqual([
      'deviceConnected',
      'deviceDisconnected',
      'deviceConnected',
      'deviceDisconnected',
    ]);
    const numbers = events.map((event) => String(Reflect.get(Object(bodyOf(event)), 'sequenceNumber')));
    expect(numbers.every((number) => /^[0-9A-F]{64}$/.test(number))).toBe(true);
    expect(numbers).toEqual([...new Set(numbers)].sort());
  });
});

test('a hub without routes tells telemetry only', async () => {
  await using plain = await startHub();
  await plain.createDevice('quiet');
  for (const source of EVENT_SOURCES) expect(await eventsOf(plain, 'quiet', source)).toEqual([]);
});

// "Digital twin change events are generated in JSON Patch format": the page's own example, and what its samples recorded
describe('changes of a digital twin', () => {
  const patches = async (deviceId: string) =>
    (await eventsOf(hub, deviceId, 'digitalTwinChangeEvents')).map((event) => JSON.parse(event.body.toString()));

  test('are told of a device that names its model, and begin with the model', async () => {
    await hub.createDevice('pnp');
    const { twins } = hub.server.hub;
    const target = { deviceId: 'pnp' };
    const time = expect.any(String) as string;
    await twins.announceModel(target, 'dtmi:example:Pump;1');
    await twins.report(target, { maxTemp: 34.9 });
    await twins.report(target, { maxTemp: 35 });
    await twins.patch(target, { properties: { desired: { t1: { __t: 'c', target: 21.8 } } } }, { kind: 'any' });
    await twins.report(target, { t1: { __t: 'c', target: { value: 21.8, ac: 200, av: 2, ad: 'done' } } });
    await twins.report(target, { maxTemp: null });
    expect(await patches('pnp')).toEqual([
      [{ op: 'replace', path: '/$metadata/$model', value: 'dtmi:example:Pump;1' }],
      [
        { op: 'add', path: '/$metadata/maxTemp', value: { lastUpdateTime: time } },
        { op: 'add', path: '/maxTemp', value: 34.9 },
      ],
      // Its time is replaced too, unless both reports came in one millisecond.
      expect.arrayContaining([{ op: 'replace', path: '/maxTemp', value: 35 }]),
      [
        {
          op: 'add',
          path: '/t1',
          value: { $metadata: { target: { desiredValue: 21.8, desiredVersion: 2, lastUpdateTime: time } } },
        },
      ],
      expect.arrayContaining([
        { op: 'add', path: '/t1/$metadata/target/ackCode', value: 200 },
        { op: 'add', path: '/t1/$metadata/target/ackVersion', value: 2 },
        { op: 'add', path: '/t1/$metadata/target/ackDescription', value: 'done' },
        { op: 'add', path: '/t1/target', value: 21.8 },
      ]),
      [
        { op: 'remove', path: '/$metadata/maxTemp' },
        { op: 'remove', path: '/maxTemp' },
      ],
    ]);
    const [event] = await eventsOf(hub, 'pnp', 'digitalTwinChangeEvents');
    expect(event?.systemProperties['content-type']).toBe('application/json-patch+json');
    expect(event?.properties).toMatchObject({
      opType: 'updateTwin',
      'iothub-message-schema': 'digitalTwinChangeNotification',
    });
  });

  test('are not told of tags, nor of a device without a model', async () => {
    await hub.createDevice('plain');
    const { twins } = hub.server.hub;
    await twins.report({ deviceId: 'plain' }, { a: 1 });
    await twins.patch({ deviceId: 'pnp' }, { tags: { a: 1 } }, { kind: 'any' });
    expect(await patches('plain')).toEqual([]);
    expect(await patches('pnp')).toHaveLength(6);
  });
});
