import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HubForTests, type Run } from './hub-admin.ts';

const hub = new HubForTests();
let home = '';
beforeAll(() => (home = mkdtempSync(join(tmpdir(), 'tandem-start-'))));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const FREE = ['--in-memory', '--https-port', '0', '--mqtt-port', '0', '--amqp-port', '0'];

/** Runs a hub in the foreground until `work` is done with it. */
function start(words: readonly string[], work: () => Promise<void>): Promise<Run> {
  return hub.run(['hub', 'start', ...FREE, ...words], {
    env: { TANDEM_HOME: home },
    when: { text: '"ready"', act: (signal) => work().finally(() => signal('SIGTERM')) },
  });
}

describe('hub start', () => {
  test('--tier keeps throttles, and hub status says so', async () => {
    let status: Run | undefined;
    const run = await start(['--tier', 'F1', '-o', 'json'], async () => {
      status = await hub.run(['hub', 'status', '-o', 'json'], { env: { TANDEM_HOME: home } });
    });
    expect(run.exitCode).toBe(143);
    expect(JSON.parse(run.stdout)).toMatchObject({ ready: true, tier: 'F1' });
    expect(status?.json()).toMatchObject({ running: true, tier: 'F1' });
  });

  test('--listen opens another address, with a warning', async () => {
    let reached = '';
    const run = await start(['--listen', '127.0.0.2', '-o', 'json'], async () => {
      const { httpsPort } = (await hub.run(['hub', 'status', '-o', 'json'], { env: { TANDEM_HOME: home } })).json();
      const socket = connect({ host: '127.0.0.2', port: httpsPort, rejectUnauthorized: false });
      await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
      reached = socket.remoteAddress ?? '';
      socket.destroy();
    });
    expect(reached).toBe('127.0.0.2');
    expect(run.stderr).toContain('warning: the local hub listens on 127.0.0.2');
  });

  test('a storage account comes from the environment, and must look like one', async () => {
    const env = { TANDEM_HOME: home, TANDEM_STORAGE_CONNECTION_STRING: 'AccountName=x;AccountKy=c2VjcmV0c2VjcmV0' };
    const run = await hub.run(['hub', 'start', ...FREE], { env });
    expect([run.exitCode, run.stderr.includes('AccountName and AccountKey')]).toEqual([2, true]);
    expect(run.stderr).not.toContain('c2VjcmV0');
  });

  test.each([
    [['--listen', 'everywhere'], '--listen must be an IP address, got "everywhere"'],
    [['--tier', 'S4'], '--tier must be one of F1, S1, S2, S3, got "S4"'],
    [['--standard-ports', '--https-port', '1'], 'either --standard-ports or --https-port'],
  ])('%j is a wrong call', async (words, message) => {
    const run = await hub.run(['hub', 'start', ...words], { env: { TANDEM_HOME: home } });
    expect([run.exitCode, run.stderr.includes(message)]).toEqual([2, true]);
  });
});
