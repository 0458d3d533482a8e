import { describe, expect, test } from 'vitest';
import { hubForTests } from './hub-admin.ts';

const hub = hubForTests();

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
