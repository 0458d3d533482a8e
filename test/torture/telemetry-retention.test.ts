import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { expect, test } from 'vitest';
import { openEventLog } from '../../src/hub/store/event-log/event-log-options.ts';
import { HubHome, type KillableHub } from '../hub/durability/killable-hub.ts';
import { sasToken } from '../support/hub.ts';
import { IS_LONG } from './random.ts';
import { residentMb } from './resident.ts';

const DEVICES = IS_LONG ? 1_000 : 40;
const RUN_MS = Number(process.env['TANDEM_TORTURE_MS'] ?? (IS_LONG ? 600_000 : 2_000));
const SAMPLE_MS = IS_LONG ? 60_000 : 1_000;
/** Each device sends one message of this size in this time. */
const BODY = Buffer.alloc(IS_LONG ? 1_000 : 4_000, 'x');
const PERIOD_MS = IS_LONG ? 1_000 : 50;
const MB = 1024 * 1024;
/** A fraction of what comes in, so that it bites early: in the long form after a minute of ten. */
const RETENTION_BYTES = IS_LONG ? 64 * MB : 2 * MB;
/** A partition drops its oldest events a sixteenth of its share at a time, and begins the next before that. */
const OVERSHOOT = 1 + 2 / 16;
/** What a warm process may still grow by. */
const GROWTH = 1.25;

interface Sample {
  readonly seconds: number;
  readonly sent: number;
  readonly residentMb: number;
  readonly diskMb: number;
}

test(
  `${DEVICES} devices send for ${RUN_MS / 1000} s and nobody reads: disk and memory stay bounded`,
  { timeout: RUN_MS + 300_000 },
  async () => {
    await using home = await HubHome.make();
    const hub = await home.start(RETENTION_BYTES);
    const senders = await Senders.connect(hub);
    const samples: Sample[] = [];
    const startedAt = performance.now();
    const take = (): void => {
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      samples.push({ seconds, sent: senders.acknowledged, residentMb: residentMb(hub.pid), diskMb: diskMb(home) });
      if (IS_LONG) process.stderr.write(`${describeSample(samples.at(-1))}\n`);
    };
    take();
    senders.start();
    while (performance.now() - startedAt < RUN_MS) {
      await delay(Math.min(SAMPLE_MS, RUN_MS - (performance.now() - startedAt)));
      take();
    }
    await senders.stop();
    await hub.kill();

    expect(senders.failures).toEqual([]);
    expect(senders.acknowledged * BODY.length, 'enough was sent').toBeGreaterThan(2 * RETENTION_BYTES);
    for (const sample of samples) expect(sample.diskMb).toBeLessThan((RETENTION_BYTES / MB) * OVERSHOOT);
    expectKept(home, senders.acknowledged);
    if (IS_LONG) expectLevel(samples);
  },
);

/** The newest are there, all of them were numbered, the oldest are gone. */
function expectKept(home: HubHome, acknowledged: number): void {
  const edges = { now: Date.now, onFault: (error: unknown) => expect(error).toBeUndefined() };
  const log = openEventLog({ directory: home.eventsDirectory, maxBytes: RETENTION_BYTES }, edges);
  const partitions = log.partitionIds.map((id) => log.properties(id));
  const total = partitions.reduce((sum, each) => sum + (each?.lastSequenceNumber ?? -1) + 1, 0);
  expect(total).toBeGreaterThanOrEqual(acknowledged);
  for (const each of partitions) expect(each?.beginSequenceNumber).toBeGreaterThan(0);
  const kept = log.partitionIds.flatMap((id) => log.openReader(id, { kind: 'earliest' })?.read(Infinity) ?? []);
  expect(kept.length * BODY.length).toBeGreaterThan(RETENTION_BYTES / 2);
  log.close();
}

/** After the first two minutes retention bites and everything is warm; the end is compared with that. */
function expectLevel(samples: readonly Sample[]): void {
  const warm = samples.find(({ seconds }) => seconds >= 120)?.residentMb ?? NaN;
  expect(samples.at(-1)?.residentMb).toBeLessThan(warm * GROWTH);
}

function describeSample(sample: Sample | undefined): string {
  if (sample === undefined) return '';
  const { seconds, sent, residentMb: memory, diskMb: disk } = sample;
  return `${seconds} s: ${sent} messages, ${memory.toFixed(0)} MB of memory, ${disk.toFixed(1)} MB of telemetry on disk`;
}

function diskMb({ eventsDirectory }: HubHome): number {
  let bytes = 0;
  for (const name of readdirSync(eventsDirectory, { recursive: true, encoding: 'utf8' })) {
    const found = statSync(join(eventsDirectory, name), { throwIfNoEntry: false }); // retention may have been quicker
    if (found?.isFile() === true) bytes += found.size;
  }
  return bytes / MB;
}

class Senders {
  readonly failures: string[] = [];
  acknowledged = 0;
  readonly #clients: readonly MqttClient[];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #onTheirWay = new Set<Promise<unknown>>();

  private constructor(clients: readonly MqttClient[]) {
    this.#clients = clients;
  }

  static async connect(hub: KillableHub): Promise<Senders> {
    const key = Buffer.alloc(32, 7).toString('base64');
    const ids = Array.from({ length: DEVICES }, (_, i) => `sender-${i}`);
    for (let start = 0; start < ids.length; start += 100) {
      const symmetricKey = { primaryKey: key, secondaryKey: key };
      const batch = ids
        .slice(start, start + 100)
        .map((id) => ({ id, importMode: 'create', authentication: { symmetricKey } }));
      expect((await hub.call('POST', '/devices', batch)).body).toMatchObject({ isSuccessful: true });
    }
    const clients: MqttClient[] = [];
    for (let start = 0; start < ids.length; start += 50) {
      const some = ids.slice(start, start + 50).map((id) => connect(hub, id, key));
      clients.push(...(await Promise.all(some)));
    }
    return new Senders(clients);
  }

  /** Each at its own moment of the period. */
  start(): void {
    for (const [i, client] of this.#clients.entries()) {
      client.on('close', () => this.failures.push(`sender-${i} was cut off`));
      const begin = (): void => {
        this.#timers[i] = setInterval(() => this.#send(client, i), PERIOD_MS);
      };
      this.#timers[i] = setTimeout(begin, (PERIOD_MS * i) / DEVICES);
    }
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#onTheirWay);
    for (const client of this.#clients) client.removeAllListeners('close');
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
  }

  #send(client: MqttClient, i: number): void {
    const sent = client.publishAsync(`devices/sender-${i}/messages/events/n=1`, BODY, { qos: 1 }).then(
      () => (this.acknowledged += 1),
      (error: unknown) => this.failures.push(String(error)),
    );
    this.#onTheirWay.add(sent);
    void sent.then(() => this.#onTheirWay.delete(sent));
  }
}

function connect({ ports, ca }: KillableHub, deviceId: string, key: string): Promise<MqttClient> {
  const expirySeconds = Math.floor(Date.now() / 1000) + 36_000;
  return connectAsync(`mqtts://localhost:${ports.mqtt}`, {
    ca,
    clientId: deviceId,
    username: `localhost/${deviceId}/?api-version=2021-04-12`,
    password: sasToken({ resource: `localhost/devices/${deviceId}`, key, expirySeconds }),
    reconnectPeriod: 0,
  });
}
