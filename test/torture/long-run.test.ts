import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import azureIotHub from 'azure-iothub';
import { Agent } from 'node:https';
import { connectAsync, type MqttClient } from 'mqtt';
import { expect, test } from 'vitest';
import { localServiceConnectionString, type Discovery } from '../../src/config/index.ts';
import { sasToken } from '../support/hub.ts';
import { Programs } from '../support/programs.ts';
import { IS_LONG, Random, SEED } from './random.ts';
import { residentMb } from './resident.ts';

const DEVICES = IS_LONG ? 1_000 : 30;
const RUN_MS = Number(process.env['TANDEM_TORTURE_MS'] ?? (IS_LONG ? 600_000 : 3_000));
const SAMPLES = 10;

interface Sample {
  readonly residentMb: number;
  /** Of direct methods, in milliseconds. */
  readonly medianMs: number;
}

test(
  `${RUN_MS / 1000} s of mixed load from ${DEVICES} devices: everything is answered, memory and latency stay level`,
  { timeout: RUN_MS + 300_000 },
  async () => {
    await using programs = new Programs();
    const hub = programs.start('hub-admin', [
      'hub',
      'start',
      '--https-port',
      '0',
      '--mqtt-port',
      '0',
      '--amqp-port',
      '0',
    ]);
    await hub.prints(/ready/);
    const load = await Load.start(JSON.parse(readFileSync(join(programs.home, 'hub.json'), 'utf8')) as Discovery);
    const samples: Sample[] = [];
    const running = load.run();
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      await Promise.race([delay(RUN_MS / SAMPLES), running]);
      samples.push({ residentMb: residentMb(hub.child.pid ?? 0), medianMs: load.takeMedianMs() });
    }
    load.stop();
    await running;
    expect(load.failures).toEqual([]);
    expect(load.dropped, 'devices that were cut off').toBe(0);
    await load.close();
    if (IS_LONG) expectLevel(samples);
  },
);

/** After the first tenth everything is warm; the end is compared with that. */
function expectLevel(samples: readonly Sample[]): void {
  process.stderr.write(
    `${samples.map(({ residentMb: mb, medianMs }) => `${mb.toFixed(0)} MB ${medianMs.toFixed(2)} ms`).join(', ')}\n`,
  );
  const [, warm] = samples;
  const last = samples.at(-1);
  if (warm === undefined || last === undefined) throw new Error('nothing was measured');
  expect(last.residentMb).toBeLessThan(warm.residentMb * 1.5 + 30);
}

class Load {
  readonly failures: string[] = [];
  dropped = 0;
  readonly #registry: azureIotHub.Registry;
  readonly #service: azureIotHub.Client;
  readonly #agent: Agent;
  readonly #devices: readonly MqttClient[];
  readonly #random = new Random(SEED);
  #latencies: number[] = [];
  #running = true;

  private constructor(devices: readonly MqttClient[], service: { connectionString: string; agent: Agent }) {
    this.#devices = devices;
    this.#agent = service.agent;
    this.#registry = redirected(azureIotHub.Registry.fromConnectionString(service.connectionString), service.agent);
    this.#service = redirected(azureIotHub.Client.fromConnectionString(service.connectionString), service.agent);
  }

  static async start(discovery: Discovery): Promise<Load> {
    const agent = new Agent({ keepAlive: true, port: discovery.httpsPort, ca: discovery.ca, maxSockets: 10 });
    const connectionString = localServiceConnectionString(discovery);
    const devices: MqttClient[] = [];
    const load = new Load(devices, { connectionString, agent });
    const key = Buffer.alloc(32, 7).toString('base64');
    for (let start = 0; start < DEVICES; start += 100) {
      const authentication = { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } };
      const batch = Array.from({ length: Math.min(100, DEVICES - start) }, (_, i) => ({
        deviceId: `d${start + i}`,
        authentication,
      }));
      await load.#registry.addDevices(batch);
    }
    for (let number = 0; number < DEVICES; number += 1) devices.push(await load.#connect(`d${number}`, key, discovery));
    return load;
  }

  async #connect(deviceId: string, key: string, { mqttPort, ca }: Discovery): Promise<MqttClient> {
    const expirySeconds = Math.floor(Date.now() / 1000) + 36_000;
    const client = await connectAsync(`mqtts://localhost:${mqttPort}`, {
      ca,
      clientId: deviceId,
      username: `localhost/${deviceId}/?api-version=2021-04-12`,
      password: sasToken({ resource: `localhost/devices/${deviceId}`, key, expirySeconds }),
      reconnectPeriod: 0,
    });
    client.on('close', () => {
      if (this.#running) this.dropped += 1;
    });
    client.on('message', (topic, payload) => {
      const rid = /^\$iothub\/methods\/POST\/\w+\/\?\$rid=(.*)$/.exec(topic)?.[1];
      if (rid !== undefined) client.publish(`$iothub/methods/res/200/?$rid=${rid}`, payload);
    });
    const own = `devices/${deviceId}/messages/devicebound/#`;
    await client.subscribeAsync(
      ['$iothub/methods/POST/#', '$iothub/twin/res/#', '$iothub/twin/PATCH/properties/desired/#', own],
      { qos: 1 },
    );
    return client;
  }

  /** Each kind of work at its own pace until it is told to stop. */
  async run(): Promise<void> {
    await Promise.all([
      this.#repeat('telemetry', 1, (client, id) =>
        client.publishAsync(`devices/${id}/messages/events/n=1`, 'x'.repeat(200), { qos: 1 }),
      ),
      this.#repeat('report', 5, (client) =>
        client.publishAsync(
          '$iothub/twin/PATCH/properties/reported/?$rid=1',
          JSON.stringify({ t: this.#random.next() }),
        ),
      ),
      this.#repeat('method', 10, async (_client, id) => {
        const start = performance.now();
        await this.#service.invokeDeviceMethod(id, {
          methodName: 'work',
          payload: { a: 1 },
          responseTimeoutInSeconds: 30,
        });
        this.#latencies.push(performance.now() - start);
      }),
      this.#repeat('desired', 20, (_client, id) =>
        this.#registry.updateTwin(
          id,
          { properties: { desired: { n: this.#random.next() } }, tags: { n: this.#random.below(10) } },
          '*',
        ),
      ),
      this.#repeat('query', 100, () =>
        this.#registry.createQuery('SELECT * FROM devices WHERE tags.n = 3', 10).nextAsTwin(),
      ),
    ]);
  }

  async #repeat(
    kind: string,
    pauseMs: number,
    work: (client: MqttClient, id: string) => Promise<unknown>,
  ): Promise<void> {
    while (this.#running) {
      const number = this.#random.below(DEVICES);
      const client = this.#devices[number];
      if (client === undefined) throw new Error(`there is no device ${number}`);
      try {
        await work(client, `d${number}`);
      } catch (error) {
        this.failures.push(`${kind}: ${String(error)}`);
        if (this.failures.length > 10) this.stop();
      }
      await delay(pauseMs);
    }
  }

  takeMedianMs(): number {
    const sorted = this.#latencies.sort((a, b) => a - b);
    this.#latencies = [];
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  stop(): void {
    this.#running = false;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await Promise.all(this.#devices.map((client) => client.endAsync(true)));
  }
}

function redirected<Client extends object>(client: Client, agent: Agent): Client {
  const rest = (client as { _restApiClient: { setOptions(options: object): void } })._restApiClient;
  rest.setOptions({ http: { agent } });
  return client;
}
