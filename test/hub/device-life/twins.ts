import type { Twin } from 'azure-iot-device';
import { expect } from 'vitest';
import { report } from '../../support/device.ts';
import { within } from '../../support/programs.ts';
import type { Behaviour } from './behaviour.ts';
import { eventually } from './stage.ts';
import { overHttp } from './transports.ts';

const except = overHttp('the SDK has no twins over HTTPS');

export const TWINS: readonly Behaviour[] = [
  {
    name: 'reads in its twin what was desired while it was away, and no tags',
    except,
    async arrange(stage) {
      const device = await stage.newDevice();
      const change = { tags: { plant: 'a' }, properties: { desired: { interval: 5, deep: { er: [1, 'ü'] } } } };
      await stage.backend.registry.updateTwin(device.deviceId, change, '*');
      return async () => {
        const twin = await (await stage.open(device)).getTwin();
        expect(twin.properties.desired).toMatchObject({ interval: 5, deep: { er: [1, 'ü'] }, $version: 2 });
        expect(twin).not.toHaveProperty('tags');
      };
    },
  },
  {
    name: 'reports properties, which merge with those it reported before and are found by a query',
    except,
    async arrange(stage) {
      const device = await stage.newDevice();
      await report(await (await stage.open(device)).getTwin(), { connectivity: 'cellular', old: 1 });
      await stage.close();
      return async () => {
        const { registry } = stage.backend;
        const twin = await (await stage.open(device)).getTwin();
        expect(twin.properties.reported).toMatchObject({ connectivity: 'cellular', old: 1, $version: 2 });
        await report(twin, { old: null, new: { firmware: '1.0' } });
        const { responseBody } = await registry.getTwin(device.deviceId);
        const { $metadata, ...reported } = responseBody.properties.reported;
        expect(reported).toEqual({ connectivity: 'cellular', new: { firmware: '1.0' }, $version: 3 });
        expect($metadata.new.firmware.$lastUpdated).toMatch(/^\d{4}-.*Z$/);
        const condition = `deviceId = '${device.deviceId}' AND properties.reported.new.firmware = '1.0'`;
        const query = registry.createQuery(`SELECT * FROM devices WHERE ${condition}`);
        const { result } = await query.nextAsTwin();
        expect(result).toMatchObject([{ deviceId: device.deviceId, connectionState: 'Connected' }]);
      };
    },
  },
  {
    name: 'hears of desired properties as they are set, changed and removed',
    except,
    async arrange(stage) {
      const { deviceId, key } = await stage.newDevice();
      await stage.backend.registry.updateTwin(deviceId, { properties: { desired: { gone: 1, kept: 1 } } }, '*');
      return async () => {
        const twin = await (await stage.open({ deviceId, key })).getTwin();
        const patches: unknown[] = [];
        twin.on('properties.desired', (patch) => patches.push(patch));
        await subscribed(twin);
        for (const desired of [{ interval: 5 }, { gone: null }]) {
          await stage.backend.registry.updateTwin(deviceId, { properties: { desired } }, '*');
        }
        await eventually(() => expect(patches.at(-1)).toEqual({ gone: null, $version: 4 }));
        // The first is the whole section, as it was read: the SDK calls a listener with what is known already.
        expect(patches.slice(1)).toEqual([
          { interval: 5, $version: 3 },
          { gone: null, $version: 4 },
        ]);
        expect(twin.properties.desired).toEqual({ kept: 1, interval: 5, $version: 4 });
      };
    },
  },
  {
    name: 'is refused a report that breaks a rule, and makes the next one',
    except,
    async arrange(stage) {
      const device = await stage.newDevice();
      return async () => {
        const twin = await (await stage.open(device)).getTwin();
        await expect(report(twin, { 'a.b': 1 })).rejects.toThrow();
        await expect(report(twin, { large: 'x'.repeat(33_000) })).rejects.toThrow();
        await report(twin, { a: 1 });
        const { responseBody } = await stage.backend.registry.getTwin(device.deviceId);
        expect(responseBody.properties.reported).toMatchObject({ a: 1, $version: 2 });
      };
    },
  },
];

/** Behind a report the hub has taken what the SDK sent before it. */
async function subscribed(twin: Twin): Promise<void> {
  await within('a report', report(twin, { ready: true }));
}
