import { Agent, request } from 'node:https';
import type { MqttClient } from 'mqtt';
import { expect } from 'vitest';
import { connectRaw, nextMessage } from '../support/mqtt-device.ts';
import { sasToken, startHub, type TestDevice, type TestHub } from '../support/hub.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** A hub that is tortured, with a well-behaved device and a well-behaved service beside, who must not notice. */
export class TorturedHub implements AsyncDisposable {
  readonly hub: TestHub;
  readonly victim: TestDevice;
  /** What the hub took for faults of its own: there must be none. */
  readonly faults: readonly unknown[];
  readonly agent: Agent;
  readonly #honest: MqttClient;
  readonly #token: string;
  #dropped = false;
  #rid = 0;
  /** One after the other: several attackers ask. */
  #checking: Promise<void> = Promise.resolve();

  private constructor(hub: TestHub, devices: { victim: TestDevice; honest: MqttClient }, faults: readonly unknown[]) {
    this.hub = hub;
    this.victim = devices.victim;
    this.#honest = devices.honest;
    this.faults = faults;
    this.agent = new Agent({ keepAlive: true, ca: hub.ca, maxSockets: 8 });
    this.#token = this.token('localhost');
    this.#honest.on('close', () => (this.#dropped = true));
  }

  static async start(): Promise<TorturedHub> {
    const faults: unknown[] = [];
    const hub = await startHub({ onFault: (error) => faults.push(error) });
    const victim = await hub.createDevice('victim');
    const honest = await connectRaw(hub, await hub.createDevice('honest'));
    await honest.subscribeAsync('$iothub/twin/res/#');
    return new TorturedHub(hub, { victim, honest }, faults);
  }

  /** A token of the owner. */
  token(resource: string): string {
    const expirySeconds = Math.floor(Date.now() / 1000) + 36_000;
    return sasToken({ resource, key: this.hub.policyKey('iothubowner'), expirySeconds, policyName: 'iothubowner' });
  }

  /** A request of the honest service, or of a hostile one that may do everything. */
  call(method: string, path: string, body?: string): Promise<HttpAnswer> {
    const separator = path.includes('?') ? '&' : '?';
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.agent,
          host: 'localhost',
          port: this.hub.server.ports.https,
          method,
          path: `${path}${separator}api-version=2021-04-12`,
          headers: {
            authorization: this.#token,
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          },
        },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (part: string) => (text += part));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
          answer.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** The honest ones are served, on the connections that they have had all the time, and the hub has found no fault. */
  check(): Promise<void> {
    this.#checking = this.#checking.then(() => this.#check());
    return this.#checking;
  }

  async #check(): Promise<void> {
    expect(
      this.faults.map((fault) => (fault instanceof Error ? fault.stack : fault)),
      'faults of the hub',
    ).toEqual([]);
    expect(this.#dropped, 'the honest device was cut off').toBe(false);
    await this.#honest.publishAsync('devices/honest/messages/events/', 'still here', { qos: 1 });
    this.#rid += 1;
    const answered = nextMessage(this.#honest);
    const report = JSON.stringify({ count: this.#rid });
    await this.#honest.publishAsync(`$iothub/twin/PATCH/properties/reported/?$rid=${this.#rid}`, report);
    expect((await answered).topic).toMatch(`$iothub/twin/res/204/?$rid=${this.#rid}&`);
    const twin = await this.call('GET', '/twins/honest');
    expect(twin.status).toBe(200);
    expect(JSON.parse(twin.text)).toMatchObject({
      connectionState: 'Connected',
      properties: { reported: { count: this.#rid } },
    });
    expect(Object.keys(Object.prototype), 'nobody reached the prototype of all objects').toEqual([]);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#honest.endAsync(true);
    this.agent.destroy();
    await this.hub.close();
  }
}
