import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/device/clock.ts';
import { Conductor } from '../../../src/device/replay/conductor.ts';
import { parseRecording } from '../../../src/device/replay/recording.ts';
import { createReplay } from '../../../src/device/replay/replay-behaviour.ts';
import { runDevice, type TestDevice } from '../test-device.ts';
import { startTestHub } from '../test-hub.ts';

interface RunningReplay {
  readonly device: TestDevice;
  readonly conductor: Conductor;
}

async function replay(count: number, stepMs: number, speed: number, scenario = {}): Promise<RunningReplay> {
  const hub = await startTestHub();
  const connection = await hub.register('pump');
  const lines = Array.from({ length: count }, (_, n) =>
    JSON.stringify({ time: new Date(1e12 + n * stepMs).toISOString(), deviceId: 'pump', body: { n } }),
  );
  const { devices, messages } = parseRecording(lines.join('\n'), 'r');
  const conductor = new Conductor(devices.keys(), messages, systemClock);
  const behaviour = createReplay({ deviceId: 'pump', messages: devices.get('pump') ?? [], speed, conductor });
  const device = runDevice({ connection, address: hub.address, scenario, behaviours: [behaviour] });
  return { device, conductor };
}

const finished = ({ done }: Conductor): Promise<void> =>
  done.aborted ? Promise.resolve() : new Promise((resolve) => done.addEventListener('abort', () => resolve()));

const sent = ({ events }: TestDevice): unknown[] =>
  events.flatMap((event) => (event.event === 'telemetry' ? [event.body] : []));

describe('a replay', () => {
  test('sends everything in order, with the spacing divided by the speed', async () => {
    const { device, conductor } = await replay(5, 1000, 20);
    await finished(conductor);
    expect(sent(device)).toEqual([0, 1, 2, 3, 4].map((n) => ({ n })));
    expect(Date.now() - (conductor.begunAt ?? 0)).toBeGreaterThanOrEqual(200);
    expect(conductor).toMatchObject({ sent: 5, unsent: 0 });
  });

  test('goes on after a lost connection, and nothing is missing', async () => {
    const faults = [{ kind: 'drop', at: 0.05, for: 0.05 } as const];
    const { device, conductor } = await replay(40, 10, 1, { faults });
    await finished(conductor);
    expect(device.events.filter(({ event }) => event === 'connected')).toHaveLength(2);
    const numbers = sent(device).map((body) => (body as { n: number }).n);
    expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n));
    expect(conductor).toMatchObject({ sent: 40, unsent: 0 });
  });

  test('of a device that ends counts what it did not send', async () => {
    const { device, conductor } = await replay(10, 60_000, 1);
    await device.next('telemetry');
    await device.stop();
    await finished(conductor);
    expect(conductor).toMatchObject({ sent: 1, unsent: 9 });
  });
});
