import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sampleMessages } from '../../../src/device/scenario/sample-messages.ts';
import type { ScenarioDocument } from '../../../src/device/scenario/scenario-document.ts';
import { Scenario } from '../../../src/device/scenario/scenario.ts';
import { runDevice, type TestDevice } from '../test-device.ts';
import { startTestHub, type TestHub } from '../test-hub.ts';

const open = (document: ScenarioDocument, seed = 'x'): Scenario => Scenario.of(document, { seed, overrides: {} });

const STREAM = {
  name: 'climate',
  interval: 0.1,
  body: {
    number: { $counter: { start: 10, step: 5 } },
    temperature: { $walk: { start: 20, step: 1, min: 19, max: 21 } },
    wave: { $sine: { min: 0, max: 10, period: '1s' } },
    noise: { $noise: { deviation: 3 } },
    state: { $choice: ['ok', 'warn'] },
    any: { $random: { min: 5, max: 6, decimals: 1 } },
    who: '${deviceId} is ${index}',
    list: [1, { $cycle: ['a', 'b'] }],
  },
} as const;

describe('telemetry of a scenario', () => {
  test('the same seed gives the same messages byte for byte, another seed others', () => {
    const messages = (seed: number): string =>
      JSON.stringify(sampleMessages(open({ seed, telemetry: [STREAM] }), 7, 200));
    expect(messages(42)).toBe(messages(42));
    expect(messages(42)).not.toBe(messages(43));
  });

  test('each device of a fleet has a run of its own', () => {
    const scenario = open({ seed: 1, telemetry: [STREAM] });
    expect(JSON.stringify(sampleMessages(scenario, 1, 5))).not.toBe(JSON.stringify(sampleMessages(scenario, 2, 5)));
  });

  test('adding a member leaves the others as they were', () => {
    const bodies = (body: object) =>
      sampleMessages(open({ seed: 1, telemetry: [{ name: 's', interval: 1, body: body as never }] }), 1, 20)[
        's'
      ] as unknown as { body: { t: number } }[];
    const t = { $walk: { start: 0 } };
    expect(bodies({ x: { $random: {} }, t }).map(({ body }) => body.t)).toEqual(
      bodies({ t }).map(({ body }) => body.t),
    );
  });

  test('generators keep to what they were told', () => {
    const samples = sampleMessages(open({ seed: 1, telemetry: [STREAM] }), 3, 50)['climate'] as unknown as {
      body: { temperature: number; any: number; number: number; wave: number; state: string };
    }[];
    const bodies = samples.map(({ body }) => body);
    expect(bodies.slice(0, 3).map(({ number }) => number)).toEqual([10, 15, 20]);
    expect(bodies.every(({ temperature }) => temperature >= 19 && temperature <= 21)).toBe(true);
    expect(bodies[0]?.wave).toBeCloseTo(5 + 5 * Math.sin((2 * Math.PI) / 10), 2);
    expect(bodies.every(({ any }) => any >= 5 && any <= 6)).toBe(true);
    expect(new Set(bodies.map(({ state }) => state))).toEqual(new Set(['ok', 'warn']));
    expect(bodies[0]).toMatchObject({ who: 'device-3 is 3', list: [1, 'a'] });
    expect(bodies[1]).toMatchObject({ list: [1, 'b'] });
  });
});

describe('devices of a scenario', () => {
  test('get their ids from a pattern, padded, or from a list', () => {
    expect(open({ devices: { ids: 'pump-${index:4}' } }).deviceId(7)).toBe('pump-0007');
    expect(open({ devices: { ids: 'pump-' } }).deviceId(7)).toBe('pump-7');
    const listed = open({ devices: { ids: ['a', 'b'] } });
    expect([listed.deviceId(1), listed.deviceId(2)]).toEqual(['a', 'b']);
    expect(() => listed.deviceId(3)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  test('get tags by index', () => {
    const scenario = open({ tags: { location: { plant: { $cycle: ['Redmond43', 'Houston'] } } } });
    const plants = [1, 2, 3, 4].map((index) => scenario.plan(index).tags);
    expect(plants).toEqual(['Redmond43', 'Houston', 'Redmond43', 'Houston'].map((plant) => ({ location: { plant } })));
  });

  test('differ where a variant says so; the later variant wins', () => {
    const scenario = open({
      reboot: { duration: '5s', failureRate: 0 },
      variants: [
        { indexes: '1-3,9', reboot: { failureRate: 1 } },
        { ids: ['device-2'], reboot: { failureRate: 0.5 } },
      ],
    });
    const rates = [1, 2, 4, 9].map((index) => scenario.sections(`device-${index}`, index).reboot);
    expect(rates).toEqual([1, 0.5, 0, 1].map((failureRate) => ({ duration: '5s', failureRate })));
  });
});

async function connected(scenario: ScenarioDocument): Promise<{ hub: TestHub; device: TestDevice }> {
  const hub = await startTestHub();
  const connection = await hub.register('pump');
  const device = runDevice({ connection, address: hub.address, scenario });
  await device.next('reported');
  return { hub, device };
}

const invoke = (hub: TestHub, methodName: string) =>
  hub.service.invokeMethod(
    { deviceId: 'pump' },
    { methodName, payload: null, responseTimeoutInSeconds: 5, connectTimeoutInSeconds: 0 },
  );

describe('a device with a scenario, on a hub', () => {
  test('sends the telemetry that the seed foretells', async () => {
    const document = { seed: 5, telemetry: [STREAM] };
    const { device } = await connected(document);
    const told = [await device.next('telemetry'), await device.next('telemetry'), await device.next('telemetry')];
    const streams = open(document).streams(1, 'pump');
    const foretold = [1, 2, 3].map((number) => streams[0]?.body({ number, elapsedMs: number * 100, now: 0 }));
    expect(told.map(({ body }) => body)).toEqual(foretold);
    expect(told.map(({ messageId }) => messageId)).toEqual(['climate-1', 'climate-2', 'climate-3']);
  });

  test('answers methods from templates, and fails reboots at the rate it was given', async () => {
    const { hub, device } = await connected({
      methods: { status: { payload: { calls: { $counter: {} }, who: '${deviceId}' } } },
      reboot: { failureRate: 1 },
    });
    await invoke(hub, 'status');
    expect(await invoke(hub, 'status')).toEqual({ status: 200, payload: { calls: 2, who: 'pump' } });
    expect((await invoke(hub, 'rebootDevice')).status).toBe(500);
    expect(device.events.some(({ event }) => event === 'rebooting')).toBe(false);
  });

  test('refuses configurations at the rate it was given, once each', async () => {
    const { hub, device } = await connected({ configuration: { rejectionRate: 1 } });
    await hub.service.patchTwin('pump', { properties: { desired: { configId: '2', sendFrequency: '5m' } } }, '*');
    expect(await device.next('configuration')).toMatchObject({ status: 'Error', reason: 'simulated rejection' });
  });

  test('reports what it was told at the first connect', async () => {
    const { hub } = await connected({ reported: { firmware: { version: '1.4.2' } }, connectivity: 'wifi' });
    expect((await hub.service.getTwin('pump')).properties.reported).toMatchObject({
      firmware: { version: '1.4.2' },
      connectivity: { type: 'wifi' },
    });
  });

  test('drops its connection without a goodbye, and comes back', async () => {
    const { device } = await connected({ faults: [{ kind: 'drop', at: 0.05, for: 0.05 }] });
    await device.next('fault');
    expect((await device.next('disconnected')).by).toBe('device');
    await device.next('connected');
  });

  test('loses answers: the method runs, the caller hears nothing', async () => {
    const { hub, device } = await connected({ faults: [{ kind: 'loseAnswer', rate: 1 }] });
    await expect(invoke(hub, 'DeviceMethod')).rejects.toMatchObject({ exitCode: 6 });
    expect(await device.next('methodAnswered')).toMatchObject({ status: null });
  });

  test('has the wrong time when its clock is skewed', async () => {
    const { device } = await connected({ faults: [{ kind: 'clockSkew', by: '1h' }] });
    expect(Date.parse(device.events[0]?.time ?? '') - Date.now()).toBeGreaterThan(3_500_000);
  });
});

describe('behaviours of the user’s own', () => {
  test.each([
    [
      'own.mjs',
      'export default ({ deviceId }) => ({ methods: { hello: () => ({ status: 200, payload: deviceId }) } })',
    ],
    [
      'own.ts',
      'type C = { deviceId: string }; export default ({ deviceId }: C) => ({ methods: { hello: () => ({ status: 200, payload: deviceId }) } })',
    ],
  ])('come from a module: %s', async (name, code) => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-scenario-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, name), code);
    writeFileSync(join(folder, 'scenario.yaml'), `behaviours: ./${name}\n`);
    const scenario = await Scenario.open(join(folder, 'scenario.yaml'), { seed: '', overrides: {} });
    const methods = scenario.plan(1).behaviours.flatMap((behaviour) => Object.keys(behaviour.methods ?? {}));
    expect(methods).toContain('hello');
  });

  test('that cannot be loaded are a wrong call', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-scenario-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'scenario.yaml'), `behaviours: ./missing.mjs\n`);
    await expect(Scenario.open(join(folder, 'scenario.yaml'), { seed: '', overrides: {} })).rejects.toMatchObject({
      exitCode: 2,
    });
  });
});
