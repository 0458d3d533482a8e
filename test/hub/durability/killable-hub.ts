import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { LOOPBACK_NAMES, makeCertificates } from '../../../src/hub/index.ts';
import { sasToken } from '../../support/hub.ts';

/** Where a killable hub keeps its state; hubs start in it one after the other. */
export class HubHome implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(process.cwd(), 'node_modules', '.tandem-durability-'));
  readonly #program = join(this.#folder, 'hub.mjs');
  readonly #stateFolder = mkdtempSync(join(tmpdir(), 'tandem-durability-'));
  ca = '';

  /** Where hubs keep telemetry. */
  get eventsDirectory(): string {
    return join(this.#stateFolder, 'events');
  }

  static async make(): Promise<HubHome> {
    const home = new HubHome();
    const certificates = await makeCertificates([...LOOPBACK_NAMES], Date.now());
    home.ca = certificates.caCertificate;
    writeFileSync(join(home.#folder, 'certificates.json'), JSON.stringify(certificates));
    await build({
      entryPoints: [join(import.meta.dirname, 'hub-process.ts')],
      outfile: home.#program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
    });
    return home;
  }

  /** @param maxEventBytes what it keeps of telemetry; default: as much as a hub does */
  async start(maxEventBytes?: number): Promise<KillableHub> {
    const files = [join(this.#stateFolder, 'state.db'), join(this.#folder, 'certificates.json')];
    const limit = maxEventBytes === undefined ? [] : [String(maxEventBytes)];
    const child = spawn(process.execPath, [this.#program, ...files, ...limit], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve);
      child.once('exit', (code) => reject(new Error(`the hub ended with ${String(code)} before it was ready`)));
    });
    const ready = JSON.parse(line) as { ports: { https: number; mqtt: number }; ownerKey: string };
    return new KillableHub(child, this.ca, ready);
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const folder of [this.#folder, this.#stateFolder]) rmSync(folder, { recursive: true, force: true });
    return Promise.resolve();
  }
}

export interface Answer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the shape is what the caller asserts
  readonly body: any;
  readonly headers: IncomingHttpHeaders;
}

export class KillableHub {
  readonly ports: { readonly https: number; readonly mqtt: number };
  readonly ca: string;
  readonly #child: ChildProcess;
  readonly #agent: Agent;
  readonly #token: string;

  constructor(child: ChildProcess, ca: string, ready: { ports: { https: number; mqtt: number }; ownerKey: string }) {
    this.#child = child;
    this.ca = ca;
    this.ports = ready.ports;
    this.#agent = new Agent({ keepAlive: true, ca });
    const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
    this.#token = sasToken({ resource: 'localhost', key: ready.ownerKey, expirySeconds, policyName: 'iothubowner' });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** SIGKILL: nothing is flushed, nothing is closed. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
    this.#agent.destroy();
  }

  /** Rejects when the hub went away before it answered: then nobody knows whether it was done. */
  call(method: string, path: string, body?: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: 'localhost',
          port: this.ports.https,
          path: `${path}?api-version=2021-04-12`,
          method,
          agent: this.#agent,
          headers: { authorization: this.#token, 'If-Match': method === 'PUT' ? '' : '*' },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const parsed: unknown = text === '' ? undefined : JSON.parse(text);
            resolve({ status: answer.statusCode ?? 0, body: parsed, headers: answer.headers });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
