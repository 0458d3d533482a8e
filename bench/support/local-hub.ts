import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Discovery } from '../../src/config/index.ts';
import { Child } from './child.ts';

/** The key of every device that a benchmark registers. */
export const DEVICE_KEY = Buffer.alloc(32, 7).toString('base64');

const BULK = 100;
const HOUR_S = 3600;

/** A local hub in a process of its own, in a folder of its own. */
export class HubUnderTest {
  readonly discovery: Discovery;
  readonly child: Child;
  readonly agent: Agent;
  readonly #home: string;

  private constructor(child: Child, home: string, discovery: Discovery) {
    this.child = child;
    this.#home = home;
    this.discovery = discovery;
    this.agent = new Agent({ keepAlive: true, ca: discovery.ca });
  }

  static async start(options: { inMemory?: boolean } = {}): Promise<HubUnderTest> {
    const home = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
    const child = new Child('local-hub');
    return new HubUnderTest(child, home, await child.ask<Discovery>('start', { home, ...options }));
  }

  /** Registers `prefix0`, `prefix1`, … with {@link DEVICE_KEY}. */
  async register(prefix: string, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
    const symmetricKey = { primaryKey: DEVICE_KEY, secondaryKey: DEVICE_KEY };
    for (let start = 0; start < count; start += BULK) {
      const batch = ids.slice(start, start + BULK);
      const body = batch.map((id) => ({ id, importMode: 'create', authentication: { type: 'sas', symmetricKey } }));
      const { isSuccessful } = (await this.post('/devices', body)) as { isSuccessful: boolean };
      if (!isSuccessful) throw new Error('devices were not registered');
    }
    return ids;
  }

  /** The answer of a POST to the service API, parsed. */
  async post(path: string, body: unknown): Promise<unknown> {
    const { status, text } = await this.call('POST', path, JSON.stringify(body));
    if (status >= 300) throw new Error(`POST ${path} was answered with ${status}: ${text}`);
    return JSON.parse(text);
  }

  call(method: string, path: string, body: string): Promise<{ status: number; text: string }> {
    return callHttps(
      {
        agent: this.agent,
        host: '127.0.0.1',
        servername: 'localhost',
        port: this.discovery.httpsPort,
        method,
        path: `${path}?api-version=2021-04-12`,
        headers: { authorization: this.ownerToken(), 'content-length': Buffer.byteLength(body) },
      },
      body,
    );
  }

  #ownerToken: string | undefined;

  ownerToken(): string {
    this.#ownerToken ??= sasToken('localhost', this.discovery.ownerKey, 'iothubowner');
    return this.#ownerToken;
  }

  async close(): Promise<void> {
    this.agent.destroy();
    await this.child.close();
    rmSync(this.#home, { recursive: true, force: true });
  }
}

export function callHttps(options: RequestOptions, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A token that is good for an hour. */
export function sasToken(resource: string, key: string, policyName?: string): string {
  const expiry = Math.floor(Date.now() / 1000) + HOUR_S;
  const sr = encodeURIComponent(resource);
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${expiry}`).digest('base64');
  const skn = policyName === undefined ? '' : `&skn=${policyName}`;
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(signature)}&se=${expiry}${skn}`;
}
