import { describe, expect, test } from 'vitest';
import { Programs, type RunningProgram } from '../support/programs.ts';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();

describe('a clock that was moved ahead', () => {
  test('is ahead when the hub starts again, until the hub was reset', async () => {
    await using programs = new Programs();
    const ports = ['--https-port', '0', '--mqtt-port', '0', '--amqp-port', '0'];
    const start = async (): Promise<RunningProgram> => {
      const started = programs.start('hub-admin', ['hub', ...ports]);
      await started.prints(/ready/);
      return started;
    };
    const aheadMs = async (): Promise<number> => (await programs.hubAdminJson('hub', 'clock')).aheadMs;
    let running = await start();
    expect((await programs.hubAdmin('hub', 'clock', 'advance', '1d')).stderr).toContain('when the hub starts again');
    await running.kill();
    running = await start();
    expect(await aheadMs()).toBe(86_400_000);
    expect(running.output).toContain('the clock of this hub was moved ahead by 1d, and still is');
    await programs.hubAdmin('hub', 'reset', '--yes');
    await running.interrupt();
    await start();
    expect(await aheadMs()).toBe(0);
  });
});

describe('hub clock', () => {
  test('shows real time at first', async () => {
    const run = await hub.run(['hub', 'clock', '-o', 'json']);
    expect(run.exitCode).toBe(0);
    expect(run.json()).toEqual({ now: expect.stringMatching(/Z$/) as string, aheadMs: 0 });
  });

  test('advance moves it, the next advance from there; everything goes on working', async () => {
    await hub.run(['hub', 'clock', 'advance', '1d']);
    const run = await hub.run(['hub', 'clock', 'advance', '1h30m', '-o', 'json']);
    expect(run.json().aheadMs).toBe(25.5 * 3_600_000);
    expect(Date.parse(run.json().now)).toBeGreaterThan(Date.now() + 25 * 3_600_000);
    expect((await hub.run(['device', 'create', 'tomorrow'])).exitCode).toBe(0);
  });

  test.each([
    [['advance'], 'duration'],
    [['advance', 'tomorrow'], 'got "tomorrow"'],
    [['advance', '0s'], 'got "0s"'],
    [['back'], 'unexpected "back"'],
  ])('%j is a wrong call', async (words, said) => {
    const run = await hub.run(['hub', 'clock', ...words]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(said);
  });

  test('needs a local hub', async () => {
    const run = await hub.run(['hub', 'clock'], { env: { TANDEM_HOME: '/nonexistent' } });
    expect(run.exitCode).toBe(9);
  });
});
