import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import azureIotDevice, { type Client, type Twin } from 'azure-iot-device';
import azureIotDeviceMqtt from 'azure-iot-device-mqtt';
import { afterAll, beforeAll } from 'vitest';
import { findDeviceHub, readSettings } from '../../src/config/index.ts';
import { type LocalHub, startLocalHub } from '../../src/local-hub/index.ts';
import { openServiceClient, type ServiceClient } from '../../src/sdk/service-client.ts';
import { declareHubAdmin } from '../../src/service/hub-admin.ts';
import { runProgram, type TerminalOptions } from '../../src/terminal/index.ts';
import { bufferTerminal } from '../terminal/buffer-terminal.ts';

/** How a run of hub-admin ended, and what it wrote. */
export interface Run {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** stdout as the one JSON document it is. */
  json(): any; // eslint-disable-line @typescript-eslint/no-explicit-any -- a foreign document whose shape the test checks
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  input?: string;
  terminal?: Partial<TerminalOptions>;
  /** Done once when stderr or stdout has this text, or all of these; `signal` sends one to the program. */
  when?: { text: string | readonly string[]; act: (signal: (name: string) => void) => unknown };
}

/** A hub in memory on free ports for the tests of one file, and hub-admin in this process. */
export class HubForTests {
  readonly home = mkdtempSync(join(tmpdir(), 'tandem-service-'));
  #hub: LocalHub | undefined;
  readonly #devices: Client[] = [];

  async start(): Promise<void> {
    const ports = { httpsPort: 0, mqttPort: 0, amqpPort: 0 };
    this.#hub = await startLocalHub({ home: this.home, inMemory: true, ...ports, notice: () => undefined });
  }

  async close(): Promise<void> {
    for (const device of this.#devices) device.close(() => undefined);
    await this.#hub?.close();
    rmSync(this.home, { recursive: true, force: true });
  }

  get hub(): LocalHub {
    if (this.#hub === undefined) throw new Error('the hub was not started');
    return this.#hub;
  }

  async client(): Promise<ServiceClient> {
    const settings = readSettings({ env: { TANDEM_HOME: this.home }, cwd: this.home });
    const choice = await findDeviceHub(settings);
    if (choice.kind !== 'service') throw new Error('the hub was not found');
    return openServiceClient(choice.hub, { env: {}, signal: new AbortController().signal });
  }

  /** Runs hub-admin with these words, against this hub unless `env` says otherwise. */
  async run(words: readonly string[], options: RunOptions = {}): Promise<Run> {
    const { terminal, stdout, stderr } = bufferTerminal({
      ...options.terminal,
      ...(options.input === undefined ? {} : { input: options.input }),
    });
    const world = { env: { TANDEM_HOME: this.home, ...options.env }, cwd: this.home };
    const signals = new EventEmitter();
    let { when } = options;
    const watch = setInterval(() => {
      const output = stderr() + stdout();
      if (when === undefined || ![when.text].flat().every((text) => output.includes(text))) return;
      const { act } = when;
      when = undefined;
      void act((name) => signals.emit(name));
    }, 20);
    const argv = ['node', 'hub-admin', ...words];
    const exitCode = await new Promise<number>((resolve) => {
      void runProgram({
        terminal,
        argv,
        signals: signals as unknown as NodeJS.Process,
        exit: resolve,
        declare: (program) => declareHubAdmin(program, world, argv),
      });
    });
    clearInterval(watch);
    return { exitCode, stdout: stdout(), stderr: stderr(), json: () => JSON.parse(stdout()) as unknown };
  }

  /** Registers a device; its twin may begin with something. */
  async device(deviceId: string, twin: object = {}): Promise<void> {
    const client = await this.client();
    await client.createDevice({ deviceId });
    if (Object.keys(twin).length > 0) await client.patchTwin(deviceId, { ...twin }, '*');
    client.close();
  }

  /** Connects a device with the unmodified SDK; closed with the hub. */
  async connect(deviceId: string): Promise<Client> {
    const { stdout } = await this.run(['device', 'connection-string', deviceId]);
    const client = azureIotDevice.Client.fromConnectionString(stdout.trim(), azureIotDeviceMqtt.Mqtt);
    await client.setOptions({ ca: this.hub.discovery.ca });
    await client.open();
    this.#devices.push(client);
    return client;
  }

  /** Lets a connected device answer a method; its status and payload. */
  answer(device: Client, name: string, work: (payload: unknown) => { status: number; payload?: unknown }): void {
    device.onDeviceMethod(name, (request, response) => {
      const { status, payload } = work(request.payload);
      response.send(status, payload, () => undefined);
    });
  }
}

/** One hub for a file of tests. */
export function hubForTests(): HubForTests {
  const hub = new HubForTests();
  beforeAll(() => hub.start());
  afterAll(() => hub.close());
  return hub;
}

/** Reports properties; resolves once the hub has acknowledged them. */
export async function report(device: Client, patch: object): Promise<Twin> {
  const twin = await device.getTwin();
  await new Promise<void>((resolve, reject) => {
    twin.properties.reported['update'](patch, (error: Error | null) => (error ? reject(error) : resolve()));
  });
  return twin;
}
