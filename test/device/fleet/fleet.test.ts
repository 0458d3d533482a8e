import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/device/clock.ts';
import { readDeviceFile } from '../../../src/device/fleet/device-file.ts';
import { renderSummary, summarize } from '../../../src/device/fleet/fleet-report.ts';
import { LatencyHistogram } from '../../../src/device/fleet/latency-histogram.ts';
import { Pace } from '../../../src/device/fleet/pace.ts';
import { renderMetrics } from '../../../src/device/fleet/prometheus.ts';
import { indexesOf, readShard } from '../../../src/device/fleet/shard.ts';
import { startFleet } from './test-fleet.ts';

describe('a fleet', () => {
  test('registers its devices with their tags, connects all of them, and says goodbye', async () => {
    const fleet = await startFleet(120, { tags: { plant: { $cycle: ['Redmond43', 'Houston'] } } });
    await fleet.until(() => fleet.counters.connected === 120);
    const service = await fleet.service();
    const count = async (condition: string): Promise<number> => {
      let found = 0;
      for await (const _ of service.query(`SELECT * FROM devices WHERE ${condition}`)) found += 1;
      return found;
    };
    expect(await count(`tags.plant = 'Redmond43'`)).toBe(60);
    expect(await count(`connectionState = 'Connected'`)).toBe(120);
    await fleet.stop();
    expect(await count(`connectionState = 'Connected'`)).toBe(0);
    expect(fleet.counters.connected).toBe(0);
  });

  test('comes back whole after the hub was restarted on other ports, and applies what was desired meanwhile', async () => {
    const fleet = await startFleet(60);
    await fleet.until(() => fleet.counters.connected === 60);
    await fleet.restartHub();
    const service = await fleet.service();
    await service.patchTwin('device-7', { properties: { desired: { configId: '2', sendFrequency: '5m' } } }, '*');
    await fleet.until(() => fleet.counters.configurations.Success === 1 && fleet.counters.connected === 60);
    expect(fleet.counters.ended).toBe(0);
    expect(fleet.counters.lost).toBe(60);
  });

  test('a fleet that runs again reads the keys of the devices that it registered before', async () => {
    const fleet = await startFleet(30);
    const again = fleet.openHub();
    await again.prepare();
    const keys = (await Promise.all(fleet.ids.map((id) => again.locate(id)))).map(({ connection }) => connection);
    const before = (await Promise.all(fleet.ids.map((id) => fleet.fleetHub.locate(id)))).map(
      ({ connection }) => connection,
    );
    expect(keys).toEqual(before);
  });

  test('tells what it did, for people and for Prometheus', async () => {
    const fleet = await startFleet(5, { telemetry: [{ name: 's', interval: 0.1, body: { n: { $counter: {} } } }] });
    await fleet.until(() => fleet.counters.telemetry >= 10);
    const summary = summarize(fleet.counters, 1000);
    expect(summary).toMatchObject({ devices: 5, connected: { most: 5, ended: 0 }, errors: 0 });
    expect(summary.telemetry.latency.p50).toBeGreaterThanOrEqual(0);
    expect(renderSummary(summary)[0]).toBe('fleet of 5, 1s:');
    expect(renderMetrics(fleet.counters)).toContain('sim_device_fleet_devices{state="connected"} 5');
  });
});

test('the same seed twice gives the same telemetry, byte for byte, times aside', async () => {
  const body = {
    count: { $counter: {} },
    walk: { $walk: { start: 20, step: 0.5 } },
    noise: { $noise: {} },
    sine: { $sine: { min: 0, max: 1, period: 10 } },
    choice: { $choice: ['a', 'b'] },
    at: { $time: 'iso' },
  };
  const run = async (): Promise<string> => {
    const fleet = await startFleet(10, { seed: 7, telemetry: [{ name: 's', interval: 0.1, body }] });
    const messages = (id: string) => fleet.events.filter((e) => e.event === 'telemetry' && e.deviceId === id);
    await fleet.until(() => fleet.ids.every((id) => messages(id).length >= 3));
    await fleet.stop();
    const first = fleet.ids.flatMap((id) => messages(id).slice(0, 3));
    return JSON.stringify(first, (name, value: unknown) => (['time', 'at', 'elapsedMs'].includes(name) ? 0 : value));
  };
  const first = await run();
  expect(first).toContain('"count":3');
  expect(await run()).toBe(first);
});

describe('shards', () => {
  test('with the index from the environment cover a fleet exactly once', () => {
    const shards = ['0', '1'].map((JOB_COMPLETION_INDEX) => readShard('2', { JOB_COMPLETION_INDEX }));
    const all = shards.flatMap((shard) => indexesOf({ start: 1, count: 200 }, shard));
    expect(all).toHaveLength(200);
    expect(new Set(all)).toEqual(new Set(Array.from({ length: 200 }, (_, at) => at + 1)));
  });

  test('are of one size, give or take one', () => {
    const sizes = [1, 2, 3].map((index) => indexesOf({ start: 1, count: 10 }, { index, count: 3 }).length);
    expect(sizes).toEqual([4, 3, 3]);
  });

  test.each([['0/3'], ['4/3'], ['x'], ['1/0'], ['3']])('%s is a wrong call', (text) => {
    expect(() => readShard(text, {})).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  test('an index without a count is a wrong call: every pod would run the whole fleet', () => {
    expect(() => readShard(undefined, { JOB_COMPLETION_INDEX: '0' })).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe('--devices-from', () => {
  const file = (text: string): string => {
    const path = join(tmpdir(), `${randomUUID()}.txt`);
    writeFileSync(path, text);
    onTestFinished(() => rmSync(path));
    return path;
  };
  const IDENTITY = { deviceId: 'b', authentication: { symmetricKey: { primaryKey: 'a2V5a2V5' } } };

  test('reads connection strings and identities, one a line, or a list of identities', () => {
    const lines = `# ours\nHostName=h.azure-devices.net;DeviceId=a;SharedAccessKey=a2V5a2V5\n\n${JSON.stringify(IDENTITY)}\n`;
    expect(readDeviceFile(file(lines), 'hub').map(({ deviceId, hostName }) => [deviceId, hostName])).toEqual([
      ['a', 'h.azure-devices.net'],
      ['b', 'hub'],
    ]);
    expect(readDeviceFile(file(JSON.stringify([IDENTITY])), 'hub')).toHaveLength(1);
  });

  test.each([
    ['a line that is neither', 'nonsense'],
    ['an identity without a key', '{"deviceId":"b"}'],
    ['an empty file', ''],
  ])('%s is a wrong call', (_, text) => {
    expect(() => readDeviceFile(file(text), 'hub')).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

test('percentiles of latencies are right to 5 %', () => {
  const histogram = new LatencyHistogram();
  for (let ms = 1; ms <= 1000; ms++) histogram.add(ms);
  for (const [share, ms] of [
    [0.5, 500],
    [0.95, 950],
    [1, 1000],
  ] as const) {
    expect(Math.abs(histogram.percentile(share) - ms) / ms).toBeLessThan(0.06);
  }
});

test('a pace lets no more than so many connect at once, in the order of arrival', async () => {
  const pace = new Pace({ perSecond: 1e6, atOnce: 2 }, systemClock);
  const order: number[] = [];
  const ends: (() => void)[] = [];
  const turns = [1, 2, 3].map(async (number) => {
    ends.push(await pace.turn(false));
    order.push(number);
  });
  await Promise.all(turns.slice(0, 2));
  expect(order).toEqual([1, 2]);
  ends[0]?.();
  await turns[2];
  expect(order).toEqual([1, 2, 3]);
});

test('one that comes back from a reboot does not wait for the rate, but no more connect at once', async () => {
  const pace = new Pace({ perSecond: 1, atOnce: 2 }, systemClock);
  const order: string[] = [];
  const turn = async (name: string, returns: boolean): Promise<() => void> => {
    const end = await pace.turn(returns);
    order.push(name);
    return end;
  };
  const first = await turn('first', false);
  void turn('second', false); // its turn is in a second
  const returned = turn('returned', true);
  const third = turn('third to be under way', true);
  await returned;
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual(['first', 'returned']);
  first();
  await third;
  expect(order).toEqual(['first', 'returned', 'third to be under way']);
});
