import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Discovery } from '../../src/config/index.ts';
import { Programs, type Ended, type RunningProgram } from '../support/programs.ts';

const FREE_PORTS = ['--https-port', '0', '--mqtt-port', '0', '--amqp-port', '0'];
/** How long devices may take to come back: their longest pause between two attempts, and some more. */
const COMING_BACK_MS = 90_000;

/** What a command said of one device. */
export interface DeviceRecord {
  readonly deviceId: string;
  readonly rebootTime?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly exitCode: number };
}

/** A hub that keeps its state, a fleet, and the console: the built programs, each in a process of its own. */
export class Pair implements AsyncDisposable {
  readonly programs: Programs;
  readonly devices: number;
  #hub: RunningProgram | undefined;
  #fleet: RunningProgram | undefined;

  constructor(devices: number, env: NodeJS.ProcessEnv = {}) {
    this.devices = devices;
    this.programs = new Programs(env);
  }

  async startHub(ports: readonly string[] = FREE_PORTS): Promise<RunningProgram> {
    this.#hub = this.programs.start('hub-admin', ['hub', 'start', ...ports]);
    await this.#hub.prints(/ready/);
    return this.#hub;
  }

  get discovery(): Discovery {
    return JSON.parse(readFileSync(join(this.home, 'hub.json'), 'utf8')) as Discovery;
  }

  get home(): string {
    return this.programs.env['TANDEM_HOME'] ?? this.programs.home;
  }

  /** Kills the hub, and starts it again on the same ports after a while. */
  async loseHub(awayMs: number): Promise<void> {
    const { httpsPort, mqttPort, amqpPort } = this.discovery;
    await this.#hub?.kill();
    await delay(awayMs);
    await this.startHub(['--https-port', `${httpsPort}`, '--mqtt-port', `${mqttPort}`, '--amqp-port', `${amqpPort}`]);
  }

  /** A TANDEM_HOME whose hub.json names other ports: both programs go there. */
  homeBehind(ports: Pick<Discovery, 'httpsPort' | 'mqttPort'>): NodeJS.ProcessEnv {
    const home = join(this.programs.home, 'behind-the-proxy');
    mkdirSync(home, { mode: 0o700 });
    writeFileSync(join(home, 'hub.json'), JSON.stringify({ ...this.discovery, ...ports }), { mode: 0o600 });
    return { TANDEM_HOME: home };
  }

  async startFleet(flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<RunningProgram> {
    const args = ['fleet', '--count', `${this.devices}`, '--reboot-seconds', '1', '-o', 'ndjson', ...flags];
    this.#fleet = this.programs.start('sim-device', args, env);
    await this.everybodyIsThere();
    return this.#fleet;
  }

  startReboot(timeout: string, env: NodeJS.ProcessEnv = {}): RunningProgram {
    const args = ['reboot', '--all', '--yes', '-o', 'ndjson', '--timeout', timeout];
    return this.programs.start('hub-admin', args, env);
  }

  /** How many devices the hub says are connected. */
  async connected(): Promise<number> {
    const { stdout } = await this.programs.hubAdmin('query', "connectionState = 'Connected'", '-o', 'ndjson');
    return stdout.split('\n').filter(Boolean).length;
  }

  /** Every device is connected, be it for the first time or again. */
  async everybodyIsThere(): Promise<void> {
    const endsAt = performance.now() + COMING_BACK_MS;
    for (;;) {
      const connected = await this.connected();
      if (connected === this.devices) return;
      if (performance.now() > endsAt) throw new Error(`only ${connected} of ${this.devices} devices came back`);
      await delay(1000);
    }
  }

  /** How often each device went away to reboot. */
  rebootsOf(deviceId: string): number {
    const told = (this.#fleet?.output ?? '').split('\n').filter((line) => line.startsWith('{'));
    return told.filter((line) => {
      const event = JSON.parse(line) as { event: string; deviceId?: string };
      return event.event === 'rebooting' && event.deviceId === deviceId;
    }).length;
  }

  /** @returns what devices report by deviceId, as the hub has it */
  async rebootTimes(): Promise<Map<string, unknown>> {
    const rows = (await this.programs.hubAdminJson('query')) as {
      deviceId: string;
      properties: { reported: { rebootTime?: unknown } };
    }[];
    return new Map(rows.map(({ deviceId, properties }) => [deviceId, properties.reported.rebootTime]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.programs[Symbol.asyncDispose]();
  }
}

/** What a command on many devices printed: a record for each, an exit code and a summary that agree with them. */
export function readRecords({ code, stdout, stderr }: Ended, verb: string, devices: number): DeviceRecord[] {
  const records = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as DeviceRecord);
  expect(new Set(records.map(({ deviceId }) => deviceId)).size, `a record for each device: ${stderr}`).toBe(devices);
  const failed = records.filter(({ error }) => error !== undefined).length;
  expect(code).toBe(failed === 0 ? 0 : 8);
  const summary = `${verb}: ${devices - failed} of ${devices} done${failed === 0 ? '' : `, ${failed} failed`}`;
  expect(stderr.split('\n')).toContain(summary);
  return records;
}
