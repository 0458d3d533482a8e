import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Programs, type RunningProgram } from './programs.ts';

/** What clients need to know of a hub. */
export interface HubFacts {
  readonly ca: string;
  /** The owner's connection string, without a port. */
  readonly connectionString: string;
  readonly ports: { readonly https: number; readonly mqtt: number; readonly amqp: number };
}

const FREE_PORTS = ['--https-port', '0', '--mqtt-port', '0', '--amqp-port', '0'];
const STANDARD_PORTS = ['--standard-ports'];

/** The built hub in a process of its own, with its state on the disk: it can be killed and started again. */
export class HubProcess implements AsyncDisposable, HubFacts {
  readonly #programs = new Programs();
  #running: RunningProgram | undefined;
  #facts: HubFacts = { ca: '', connectionString: '', ports: { https: 0, mqtt: 0, amqp: 0 } };

  static onFreePorts(): Promise<HubProcess> {
    return new HubProcess().#start(FREE_PORTS);
  }

  /** On 443, 8883 and 5671. @throws when one of them is taken */
  static async onStandardPorts(): Promise<HubProcess> {
    const hub = new HubProcess();
    try {
      return await hub.#start(STANDARD_PORTS);
    } catch (error) {
      await hub[Symbol.asyncDispose]();
      throw error;
    }
  }

  get ca(): string {
    return this.#facts.ca;
  }

  get connectionString(): string {
    return this.#facts.connectionString;
  }

  get ports(): HubFacts['ports'] {
    return this.#facts.ports;
  }

  /** What `hub env` tells the programs of a user, for a device that it registers. */
  env(deviceId: string): Promise<Record<string, string>> {
    return this.#programs.hubAdminJson('hub', 'env', deviceId);
  }

  /** Moves the hub's clock ahead. */
  async advance(duration: string): Promise<void> {
    await this.#programs.hubAdminJson('hub', 'clock', 'advance', duration);
  }

  /** `kill -9`, and a new process with the same state on the same ports. */
  async killAndRestart(): Promise<void> {
    await this.#running?.kill();
    const { https, mqtt, amqp } = this.ports;
    await this.#start(['--https-port', String(https), '--mqtt-port', String(mqtt), '--amqp-port', String(amqp)]);
  }

  async #start(ports: readonly string[]): Promise<this> {
    this.#running = this.#programs.start('hub-admin', ['hub', 'start', ...ports]);
    await this.#running.prints(/ready/);
    this.#facts = readFacts(join(this.#programs.home, 'hub.json'));
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#programs[Symbol.asyncDispose]();
  }
}

interface Discovery {
  readonly ca: string;
  readonly httpsPort: number;
  readonly mqttPort: number;
  readonly amqpPort: number;
  readonly ownerKeyName: string;
  readonly ownerKey: string;
}

function readFacts(file: string): HubFacts {
  const { ca, httpsPort, mqttPort, amqpPort, ownerKeyName, ownerKey } = JSON.parse(
    readFileSync(file, 'utf8'),
  ) as Discovery;
  return {
    ca,
    ports: { https: httpsPort, mqtt: mqttPort, amqp: amqpPort },
    connectionString: `HostName=localhost;SharedAccessKeyName=${ownerKeyName};SharedAccessKey=${ownerKey}`,
  };
}
