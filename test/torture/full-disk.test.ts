import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { describe, expect, test } from 'vitest';
import type { Discovery } from '../../src/config/index.ts';
import { sasToken } from '../support/hub.ts';
import { tinyDisk, type Disk } from './tiny-disk.ts';

const HUB_ADMIN = join(import.meta.dirname, '..', '..', 'bin', 'hub-admin.js');
const START = ['hub', 'start', '--https-port', '0', '--mqtt-port', '0', '--amqp-port', '0'];
const MAX_WRITES = 3_000;

/** No file may grow beyond a limit, which every user may set for what they start; it lasts as long as the process. */
function limitedFiles(): Disk {
  const path = mkdtempSync(join(tmpdir(), 'tandem-limited-'));
  return {
    path,
    prefix: ['/bin/sh', '-c', 'ulimit -f 1000; exec "$0" "$@"'],
    fill: () => undefined,
    free: () => undefined,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

const isUnix = process.platform !== 'win32';

describe.skipIf(!isUnix)('a full disk', () => {
  test('refuses what cannot be kept, keeps what was acknowledged, and is forgotten once there is room', async (context) => {
    using disk = tinyDisk();
    if (disk === undefined) return context.skip('a file system of its own takes root');
    const hub = await RunningHub.start(disk);
    const acknowledged = await hub.writeUntilFull(() => disk.fill());
    expect(await hub.readCount()).toBe(acknowledged);
    await hub.cannotKeepTelemetry();
    disk.free();
    expect((await hub.writeCount(acknowledged + 1)).status).toBe(200);
    await hub.kill();

    await using again = await RunningHub.start(disk);
    expect(await again.readCount()).toBe(acknowledged + 1);
  });

  test('is survived by what was acknowledged, also when the hub is killed while it is full', async () => {
    using disk = limitedFiles();
    const hub = await RunningHub.start(disk);
    const acknowledged = await hub.writeUntilFull(() => undefined);
    expect(await hub.readCount()).toBe(acknowledged);
    await hub.kill();

    await using again = await RunningHub.start({ ...disk, prefix: [] });
    expect(await again.readCount()).toBe(acknowledged);
    expect((await again.writeCount(acknowledged + 1)).status).toBe(200);
  });

  test('when a hub starts is told in words, and does no harm', async (context) => {
    using disk = tinyDisk();
    if (disk === undefined) return context.skip('a file system of its own takes root');
    const hub = await RunningHub.start(disk);
    expect((await hub.writeCount(7)).status).toBe(200);
    await hub.kill();
    disk.fill();
    const failing = spawn(process.execPath, [HUB_ADMIN, ...START], {
      env: envOf(disk),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const words: string[] = [];
    failing.stderr.on('data', (chunk: Buffer) => words.push(chunk.toString()));
    const [code] = (await once(failing, 'close')) as [number];
    expect([code, words.join('')]).toEqual([1, expect.stringMatching(/full|space/i)]);
    disk.free();
    await using again = await RunningHub.start(disk);
    expect(await again.readCount()).toBe(7);
  });
});

function envOf(disk: Disk): NodeJS.ProcessEnv {
  const home = join(disk.path, 'home');
  mkdirSync(home, { recursive: true });
  const own = Object.entries(process.env).filter(([name]) => !/^(IOTHUB_|EVENTHUB_|TANDEM_)/.test(name));
  return { ...Object.fromEntries(own), TANDEM_HOME: home, NO_COLOR: '1' };
}

/** The built hub in a process of its own, with one device that is written to. */
class RunningHub implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #discovery: Discovery;
  readonly #agent: Agent;
  readonly #key: string;

  private constructor(running: ChildProcess, discovery: Discovery, { agent, key }: { agent: Agent; key: string }) {
    this.#process = running;
    this.#discovery = discovery;
    this.#agent = agent;
    this.#key = key;
  }

  static async start(disk: Disk): Promise<RunningHub> {
    const env = envOf(disk);
    const [program = '', ...args] = [...disk.prefix, process.execPath, HUB_ADMIN, ...START];
    const running = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    await new Promise<void>((resolve, reject) => {
      const look = (chunk: Buffer): void => {
        output += chunk.toString();
        if (output.includes('ready')) resolve();
      };
      running.stdout.on('data', look);
      running.stderr.on('data', look);
      running.once('exit', (code) => reject(new Error(`the hub ended with ${String(code)}: ${output}`)));
    });
    const discovery = JSON.parse(readFileSync(join(String(env['TANDEM_HOME']), 'hub.json'), 'utf8')) as Discovery;
    const hub = new RunningHub(running, discovery, {
      agent: new Agent({ keepAlive: true, ca: discovery.ca }),
      key: '',
    });
    const { status, body } = await hub.#call('GET', '/devices/d');
    const { body: device } = status === 200 ? { body } : await hub.#call('PUT', '/devices/d', { deviceId: 'd' });
    const { authentication } = device as { authentication: { symmetricKey: { primaryKey: string } } };
    return new RunningHub(running, discovery, { agent: hub.#agent, key: authentication.symmetricKey.primaryKey });
  }

  /** Counts up until the hub refuses to; returns the last count that it acknowledged. */
  async writeUntilFull(fill: () => void): Promise<number> {
    expect((await this.writeCount(1)).status).toBe(200);
    fill();
    for (let count = 2; count < MAX_WRITES; count += 1) {
      const { status } = await this.writeCount(count);
      if (status === 200) continue;
      expect(status, 'a hub that cannot write says that it is its own fault').toBeGreaterThanOrEqual(500);
      return count - 1;
    }
    throw new Error('the disk was never full');
  }

  writeCount(count: number): Promise<{ status: number; body: unknown }> {
    return this.#call('PATCH', '/twins/d', { tags: { count, filler: 'x'.repeat(3000) } });
  }

  async readCount(): Promise<number> {
    const { status, body } = await this.#call('GET', '/twins/d');
    expect(status).toBe(200);
    return (body as { tags: { count: number } }).tags.count;
  }

  /** What was not stored is not acknowledged: the connection ends, and the device sends it again. */
  async cannotKeepTelemetry(): Promise<void> {
    const { mqttPort, ca } = this.#discovery;
    const expirySeconds = Math.floor(Date.now() / 1000) + 600;
    const client = await connectAsync(`mqtts://localhost:${mqttPort}`, {
      ca,
      clientId: 'd',
      username: 'localhost/d/?api-version=2021-04-12',
      password: sasToken({ resource: 'localhost/devices/d', key: this.#key, expirySeconds }),
      reconnectPeriod: 0,
    });
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    let acknowledged = 0;
    for (let sent = 0; sent < 20; sent += 1) {
      client.publish('devices/d/messages/events/', 'x'.repeat(200_000), { qos: 1 }, (error) => {
        if (!error) acknowledged += 1;
      });
    }
    await closed;
    expect(acknowledged).toBeLessThan(20);
    client.end(true);
  }

  async kill(): Promise<void> {
    this.#agent.destroy();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #call(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
    const { httpsPort, ownerKey } = this.#discovery;
    const expirySeconds = Math.floor(Date.now() / 1000) + 600;
    const authorization = sasToken({ resource: 'localhost', key: ownerKey, expirySeconds, policyName: 'iothubowner' });
    const headers: OutgoingHttpHeaders = { authorization, ...(method === 'PATCH' ? { 'if-match': '*' } : {}) };
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.#agent,
          host: 'localhost',
          port: httpsPort,
          method,
          path: `${path}?api-version=2021-04-12`,
          headers,
        },
        (answer) => {
          let text = '';
          answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
