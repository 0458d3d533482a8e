import { beforeAll, describe, expect, test } from 'vitest';
import { hubForTests, report } from './hub-admin.ts';

const hub = hubForTests();

// Several at once: most of the time is waiting.
describe.concurrent('reboot', () => {
  test('waits until the device has reported another reboot time', async () => {
    await hub.device('waits');
    const device = await hub.connect('waits');
    await report(device, { rebootTime: '2026-01-01T00:00:00.000Z' });
    hub.answer(device, 'rebootDevice', () => {
      setTimeout(() => void report(device, { rebootTime: '2026-01-02T00:00:00.000Z' }), 300);
      return { status: 200, payload: { Response: 'Rebooting' } };
    });
    const run = await hub.run(['reboot', 'waits', '-o', 'json']);
    expect(run.exitCode).toBe(0);
    expect(run.json()).toMatchObject({
      deviceId: 'waits',
      status: 200,
      payload: { Response: 'Rebooting' },
      rebootTime: '2026-01-02T00:00:00.000Z',
    });
    expect(run.json().elapsedMs).toBeGreaterThan(200);
    expect(run.stderr).toContain('Waiting until it reports its reboot time');
  });

  test("sees a reboot by the hub's clock, also when the device reports the same text again", async () => {
    await hub.device('same');
    const device = await hub.connect('same');
    await report(device, { rebootTime: 'now' });
    hub.answer(device, 'rebootDevice', () => {
      setTimeout(() => void report(device, { rebootTime: 'now' }), 100);
      return { status: 200 };
    });
    expect((await hub.run(['reboot', 'same', '-o', 'json'])).json()).toMatchObject({
      rebootTime: 'now',
      payload: null,
    });
  });

  test('--no-wait ends with the answer', async () => {
    await hub.device('no-wait');
    const device = await hub.connect('no-wait');
    hub.answer(device, 'rebootDevice', (payload) => ({ status: 200, payload }));
    const run = await hub.run(['reboot', 'no-wait', '--no-wait', '--payload', '{"in": 5}', '-o', 'json']);
    expect(run.json()).toMatchObject({ status: 200, payload: { in: 5 }, rebootTime: null });
  });

  test('is 6 when the device never reports, and says that it answered', async () => {
    await hub.device('never');
    const device = await hub.connect('never');
    hub.answer(device, 'rebootDevice', () => ({ status: 200 }));
    const run = await hub.run(['reboot', 'never', '--timeout', '5s']);
    expect([run.exitCode, run.stdout]).toEqual([6, '']);
    expect(run.stderr).toContain('answered, but reported no rebootTime in time');
  });

  test('is 7 when the device refuses, with the answer on stdout', async () => {
    await hub.device('refuses');
    const device = await hub.connect('refuses');
    hub.answer(device, 'rebootDevice', () => ({ status: 500, payload: { why: 'busy' } }));
    const run = await hub.run(['reboot', 'refuses', '-o', 'json']);
    expect(run.exitCode).toBe(7);
    expect(run.json()).toMatchObject({ deviceId: 'refuses', status: 500, payload: { why: 'busy' } });
    expect(JSON.parse(run.stderr.split('\n').at(-2) ?? '')).toMatchObject({
      error: { code: 'MethodFailed', exitCode: 7 },
    });
  });

  test('Ctrl-C while it waits is 130', async () => {
    await hub.device('stopped');
    const device = await hub.connect('stopped');
    hub.answer(device, 'rebootDevice', () => ({ status: 200 }));
    const run = await hub.run(['reboot', 'stopped'], {
      when: { text: 'Waiting until', act: (signal) => signal('SIGINT') },
    });
    expect([run.exitCode, run.stdout]).toEqual([130, '']);
  });
});

describe('reboot of many', () => {
  const ids = Array.from({ length: 20 }, (_, index) => `many-${index}`);
  const rebooting = { now: 0, most: 0 };

  beforeAll(async () => {
    await Promise.all(ids.map((id) => hub.device(id, { tags: { many: true } })));
    const devices = await Promise.all(ids.map((id) => hub.connect(id)));
    for (const device of devices) {
      hub.answer(device, 'rebootDevice', () => {
        rebooting.most = Math.max(rebooting.most, ++rebooting.now);
        setTimeout(() => {
          rebooting.now -= 1;
          void report(device, { rebootTime: new Date().toISOString() });
        }, 400);
        return { status: 200 };
      });
    }
  });

  const reboot = async (...words: string[]): Promise<number> => {
    rebooting.most = 0;
    const run = await hub.run(['reboot', '--where', 'tags.many = true', '-o', 'json', ...words]);
    expect(run.exitCode).toBe(0);
    expect(
      run
        .json()
        .map((record: { deviceId: string }) => record.deviceId)
        .sort(),
    ).toEqual([...ids].sort());
    return rebooting.most;
  };

  test('all at once: none waits for the reboot of another', async () => {
    expect(await reboot()).toBe(20);
  });

  test('with --concurrency so many reboot at a time', async () => {
    expect(await reboot('--concurrency', '5')).toBe(5);
  });

  test('Ctrl-C in the middle: what is over is written, and what is not is counted', async () => {
    const words = ['reboot', '--where', 'tags.many = true', '--concurrency', '4', '-o', 'json', '--verbose'];
    const run = await hub.run(words, {
      when: { text: 'read the twin of "many-7"', act: (signal) => signal('SIGINT') },
    });
    expect(run.exitCode).toBe(130);
    const { length } = run.json();
    expect(length).toBeGreaterThan(2);
    expect(run.stderr).toMatch(
      new RegExp(`reboot: stopped with ${length} of 20 done, [1-4] under way, \\d+ not begun\\n$`),
    );
  });
});
