import { connectAsync, type MqttClient } from 'mqtt';
import { expect } from 'vitest';
import { sasToken } from '../../support/hub.ts';
import type { KillableHub } from './killable-hub.ts';

/** What a writer knows of one value: what the hub has acknowledged, and what it was asked for last. */
export interface Known {
  acknowledged: number;
  asked: number;
}

/** A client that writes one thing over and over, and knows afterwards what must be there. */
export interface Witness {
  /** How much it has seen acknowledged in all rounds. */
  readonly done: number;
  /** Writes until the hub is gone. */
  write(hub: KillableHub): Promise<void>;
  /** Fails when something acknowledged is missing, or something is there that nobody asked for. */
  check(hub: KillableHub): Promise<void>;
}

/** Counts up in the desired properties and the tags of one device. */
export class TwinWriter implements Witness {
  done = 0;
  readonly #deviceId: string;
  readonly #count: Known = { acknowledged: 0, asked: 0 };

  constructor(deviceId: string) {
    this.#deviceId = deviceId;
  }

  async write(hub: KillableHub): Promise<void> {
    for (;;) {
      const n = (this.#count.asked += 1);
      const body = { tags: { n }, properties: { desired: { n } } };
      const { status } = await hub.call('PATCH', `/twins/${this.#deviceId}`, body);
      if (status !== 200) throw new Error(`a twin patch was answered with ${status}`);
      this.#count.acknowledged = n;
      this.done += 1;
    }
  }

  async check(hub: KillableHub): Promise<void> {
    const { body } = await hub.call('GET', `/twins/${this.#deviceId}`);
    const n = Number(body.properties.desired.n ?? 0);
    expectBetween(n, this.#count);
    expect(body.tags?.n ?? 0).toBe(n); // one write is whole or not there
    this.#count.acknowledged = this.#count.asked = n;
  }
}

/** Creates and deletes devices with their modules. */
export class RegistryWriter implements Witness {
  done = 0;
  readonly #prefix: string;
  /** By device id: whether it must be there; undefined when it was never settled. */
  readonly #expected = new Map<string, 'there' | 'gone' | 'unknown'>();
  #next = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  async write(hub: KillableHub): Promise<void> {
    for (;;) {
      const id = `${this.#prefix}-${(this.#next += 1)}`;
      await this.#settle(id, 'there', () => hub.call('PUT', `/devices/${id}`, { deviceId: id }));
      await hub.call('PUT', `/devices/${id}/modules/m`, { deviceId: id, moduleId: 'm' });
      if (this.#next % 3 === 0) await this.#settle(id, 'gone', () => hub.call('DELETE', `/devices/${id}`));
    }
  }

  async check(hub: KillableHub): Promise<void> {
    for (const [id, expected] of this.#expected) {
      const { status } = await hub.call('GET', `/devices/${id}`);
      const { status: twinStatus } = await hub.call('GET', `/twins/${id}`);
      expect(twinStatus, `${id}: an identity and its twin come and go together`).toBe(status);
      if (expected !== 'unknown') expect([id, status]).toEqual([id, expected === 'there' ? 200 : 404]);
      this.#expected.set(id, status === 200 ? 'there' : 'gone');
    }
  }

  async #settle(id: string, outcome: 'there' | 'gone', call: () => Promise<{ status: number }>): Promise<void> {
    this.#expected.set(id, 'unknown');
    const { status } = await call();
    if (status >= 300) throw new Error(`${id} was answered with ${status}`);
    this.#expected.set(id, outcome);
    this.done += 1;
  }
}

/** A device that reports a counter over MQTT. */
export class Reporter implements Witness {
  done = 0;
  readonly #deviceId: string;
  readonly #key: string;
  readonly #count: Known = { acknowledged: 0, asked: 0 };

  constructor(deviceId: string, key: string) {
    this.#deviceId = deviceId;
    this.#key = key;
  }

  async write(hub: KillableHub): Promise<void> {
    const client = await this.#connect(hub);
    const gone = new Promise<never>((_resolve, reject) => {
      client.once('close', () => reject(new Error('the hub is gone')));
    });
    gone.catch(() => undefined); // seen by the race below, or nobody waits any more
    await Promise.race([client.subscribeAsync('$iothub/twin/res/#'), gone]);
    for (;;) {
      const n = (this.#count.asked += 1);
      const answered = new Promise<string>((resolve) => client.once('message', resolve));
      client.publish(`$iothub/twin/PATCH/properties/reported/?$rid=${n}`, JSON.stringify({ n }));
      const topic = await Promise.race([answered, gone]);
      if (!topic.startsWith('$iothub/twin/res/204/')) throw new Error(`a report was answered on ${topic}`);
      this.#count.acknowledged = n;
      this.done += 1;
    }
  }

  async check(hub: KillableHub): Promise<void> {
    const { body } = await hub.call('GET', `/twins/${this.#deviceId}`);
    const n = Number(body.properties.reported.n ?? 0);
    expectBetween(n, this.#count);
    expect(body.connectionState, 'nobody is connected to a hub that has just started').toBe('Disconnected');
    this.#count.acknowledged = this.#count.asked = n;
  }

  #connect(hub: KillableHub): Promise<MqttClient> {
    const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
    const options = {
      ca: hub.ca,
      clientId: this.#deviceId,
      username: `localhost/${this.#deviceId}/?api-version=2021-04-12`,
      password: sasToken({ resource: `localhost/devices/${this.#deviceId}`, key: this.#key, expirySeconds }),
      reconnectPeriod: 0,
    };
    return connectAsync(`mqtts://localhost:${hub.ports.mqtt}`, options, false);
  }
}

export function expectBetween(found: number, { acknowledged, asked }: Known): void {
  expect(found, 'nothing acknowledged is missing').toBeGreaterThanOrEqual(acknowledged);
  expect(found, 'nothing is there that nobody asked for').toBeLessThanOrEqual(asked);
}
