import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventEmitter } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Discovery, readProcessStart, removeDiscovery, writeDiscovery } from '../../src/config/index.ts';
import { declareHubAdmin } from '../../src/service/hub-admin.ts';
import { runProgram } from '../../src/terminal/index.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { bufferTerminal } from '../terminal/buffer-terminal.ts';

let hub: TestHub;
const home = mkdtempSync(join(tmpdir(), 'tandem-doctor-'));
beforeAll(async () => {
  hub = await startHub();
});
beforeEach(() => discover());
afterAll(async () => {
  await hub.close();
  rmSync(home, { recursive: true, force: true });
});

interface Finding {
  check: string;
  status: string;
  message: string;
  fix?: string;
}

/** Lets the doctor find the hub, as it is or with other ports. */
function discover(changes: Partial<Discovery> = {}): void {
  writeDiscovery(home, {
    pid: process.pid,
    processStart: readProcessStart(process.pid),
    instanceId: 'doctor',
    startedAt: new Date().toISOString(),
    hostName: 'localhost',
    hostNames: ['localhost'],
    httpsPort: hub.server.ports.https,
    mqttPort: hub.server.ports.mqtt,
    amqpPort: hub.server.ports.amqp,
    ca: hub.ca,
    ownerKeyName: 'iothubowner',
    ownerKey: hub.policyKey('iothubowner'),
    inMemory: true,
    ...changes,
  });
}

async function examine(
  env: NodeJS.ProcessEnv = {},
  words: string[] = [],
): Promise<{ exitCode: number; findings: Finding[] }> {
  const { exitCode, stdout } = await run(['-o', 'json', ...words], env);
  return { exitCode, findings: JSON.parse(stdout) as Finding[] };
}

async function run(
  words: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const { terminal, stdout, stderr } = bufferTerminal({});
  const world = { env: { TANDEM_HOME: home, ...env }, cwd: home };
  const argv = ['node', 'hub-admin', 'doctor', ...words];
  const exitCode = await new Promise<number>((resolve) => {
    void runProgram({
      terminal,
      argv,
      signals: new EventEmitter() as unknown as NodeJS.Process,
      exit: resolve,
      declare: (program) => declareHubAdmin(program, world, argv),
    });
  });
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

function policyString(name: string, key = hub.policyKey(name)): NodeJS.ProcessEnv {
  return {
    IOTHUB_CONNECTION_STRING: `HostName=localhost;SharedAccessKeyName=${name};SharedAccessKey=${key};GatewayHostName=localhost:${hub.server.ports.https}`,
  };
}

const failed = (findings: readonly Finding[]): string[] =>
  findings.filter(({ status }) => status === 'failed').map(({ check }) => check);

const of = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('doctor on a hub that is well', () => {
  test('finds nothing, and says what it looked at', async () => {
    const { exitCode, findings } = await examine();
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(exitCode).toBe(0);
    const { https, mqtt, amqp } = hub.server.ports;
    expect(findings.map(({ check }) => check)).toEqual([
      ...['settings', 'connection string', 'proxy', 'dns', `port ${https}`, `port ${mqtt}`, `port ${amqp}`],
      ...['tls', 'key', 'permissions', 'clock', 'latency'],
    ]);
  });

  test('names the settings and where each comes from', async () => {
    writeFileSync(
      join(home, '.env'),
      `IOTHUB_CONNECTION_STRING="${policyString('service')['IOTHUB_CONNECTION_STRING'] ?? ''}"`,
    );
    onTestFinished(() => rmSync(join(home, '.env')));
    const { findings } = await examine({ IOTHUB_DEVICE_ID: 'pump' });
    expect(of(findings, 'settings')).toMatchObject({
      details: {
        IOTHUB_CONNECTION_STRING: 'IOTHUB_CONNECTION_STRING in .env',
        IOTHUB_DEVICE_ID: 'IOTHUB_DEVICE_ID',
        hub: null,
      },
    });
  });

  test('shows people a line a check, and the fix under what failed', async () => {
    const { exitCode, stdout, stderr } = await run([], policyString('service', 'YWJj'));
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/^ok {4}dns +localhost is /m);
    expect(stdout).toMatch(
      /^FAIL {2}key +the hub refuses the key of policy "service"[^]*\n +fix: copy the connection string/m,
    );
    expect(stderr).toContain('1 of the checks failed: key.');
    expect(stdout + stderr).not.toContain('YWJj');
  });
});

describe('doctor finds and names', () => {
  test('no settings', async () => {
    removeDiscovery(home, 'doctor');
    const { exitCode, findings } = await examine();
    expect(exitCode).toBe(9);
    expect(failed(findings)).toEqual(['settings']);
    expect(of(findings, 'settings')).toMatchObject({
      message: expect.stringContaining('no settings') as string,
      fix: expect.stringContaining('hub-admin hub --detach') as string,
    });
  });

  test('only a device connection string', async () => {
    const { exitCode, findings } = await examine({
      IOTHUB_DEVICE_CONNECTION_STRING: 'HostName=h;DeviceId=d;SharedAccessKey=YQ==',
    });
    expect(exitCode).toBe(2);
    expect(failed(findings)).toEqual(['settings']);
    expect(of(findings, 'device connection string')?.status).toBe('ok');
  });

  test('a connection string that is none', async () => {
    const { exitCode, findings } = await examine({ IOTHUB_CONNECTION_STRING: 'HostName=localhost' });
    expect(exitCode).toBe(2);
    expect(failed(findings)).toEqual(['connection string']);
  });

  test('a wrong key', async () => {
    const { exitCode, findings } = await examine(policyString('iothubowner', 'd3Jvbmc='));
    expect(exitCode).toBe(4);
    expect(failed(findings)).toEqual(['key']);
    expect(of(findings, 'key')?.message).toContain('"iothubowner"');
  });

  test('a policy without a needed permission', async () => {
    const { exitCode, findings } = await examine(policyString('registryRead'));
    expect(exitCode).toBe(4);
    expect(failed(findings)).toEqual(['permissions']);
    expect(of(findings, 'permissions')).toMatchObject({
      message: expect.stringContaining('lacks registry write') as string,
      details: { granted: ['registry read'], missing: ['registry write', 'service connect'] },
    });
  });

  test('MQTT closed while HTTPS is open', async () => {
    const mqttPort = await closedPort();
    discover({ mqttPort });
    const { exitCode, findings } = await examine();
    expect(exitCode).toBe(1);
    expect(failed(findings)).toEqual([`port ${mqttPort}`]);
    expect(of(findings, `port ${mqttPort}`)?.fix).toContain('--protocol mqtt-ws');
  });

  test('everything closed', async () => {
    discover({ httpsPort: await closedPort(), mqttPort: await closedPort(), amqpPort: await closedPort() });
    const { exitCode, findings } = await examine();
    expect(exitCode).toBe(9);
    expect(failed(findings).length).toBe(3);
  });

  test('a name that leads nowhere', async () => {
    const { exitCode, findings } = await examine({
      IOTHUB_CONNECTION_STRING: 'HostName=no-such-hub.invalid;SharedAccessKeyName=a;SharedAccessKey=YQ==',
    });
    expect(exitCode).toBe(9);
    expect(failed(findings)).toEqual(['dns']);
  });

  test('an authority that this machine does not trust', async () => {
    removeDiscovery(home, 'doctor');
    const { exitCode, findings } = await examine(policyString('iothubowner'));
    expect(exitCode).toBe(9);
    expect(failed(findings)).toContain('tls');
    expect(of(findings, 'tls')?.fix).toContain('NODE_EXTRA_CA_CERTS');
  });

  test('a clock that is ten minutes off', async () => {
    await using other = await startHub();
    await other.server.hub.advanceTime(600_000);
    const { https, mqtt, amqp } = other.server.ports;
    discover({
      httpsPort: https,
      mqttPort: mqtt,
      amqpPort: amqp,
      ca: other.ca,
      ownerKey: other.policyKey('iothubowner'),
    });
    const { exitCode, findings } = await examine();
    expect(exitCode).toBe(1);
    expect(failed(findings)).toEqual(['clock']);
    expect(of(findings, 'clock')?.message).toContain('10m behind');
  });

  test('a proxy that is no address', async () => {
    const { findings } = await examine({
      ...policyString('iothubowner'),
      HTTPS_PROXY: 'nowhere',
      IOTHUB_CONNECTION_STRING: REMOTE,
    });
    expect(failed(findings)).toContain('proxy');
  });

  test('a settings file that is not there', async () => {
    const { exitCode, findings } = await examine({}, ['--env-file', 'missing.env']);
    expect(exitCode).toBe(2);
    expect(failed(findings)).toEqual(['settings']);
  });
});

const REMOTE = 'HostName=hub.invalid;SharedAccessKeyName=a;SharedAccessKey=YQ==';
