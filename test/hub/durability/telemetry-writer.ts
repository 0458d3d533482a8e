import { connectAsync } from 'mqtt';
import { expect } from 'vitest';
import type { EventLog } from '../../../src/hub/model/event.ts';
import { sasToken } from '../../support/hub.ts';
import type { KillableHub } from './killable-hub.ts';

const IN_FLIGHT = 20;

/** A device that sends telemetry with QoS 1, many at a time, and knows which were acknowledged. */
export class TelemetryWriter {
  /** How many messages were acknowledged in all rounds. */
  done = 0;
  readonly #deviceId: string;
  readonly #acknowledged = new Set<number>();
  /** The last sequence number that was looked at, by partition. */
  readonly #readTo = new Map<string, number>();
  #next = 0;
  #key = '';

  constructor(deviceId: string) {
    this.#deviceId = deviceId;
  }

  async register(hub: KillableHub): Promise<void> {
    if (this.#key !== '') return;
    const { body } = await hub.call('PUT', `/devices/${this.#deviceId}`, { deviceId: this.#deviceId });
    this.#key = String(body.authentication.symmetricKey.primaryKey);
  }

  /** Sends until the hub is gone. */
  async write(hub: KillableHub): Promise<void> {
    const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
    const resource = `localhost/devices/${this.#deviceId}`;
    const options = {
      ca: hub.ca,
      clientId: this.#deviceId,
      username: `localhost/${this.#deviceId}/?api-version=2021-04-12`,
      password: sasToken({ resource, key: this.#key, expirySeconds }),
      reconnectPeriod: 0,
    };
    const client = await connectAsync(`mqtts://localhost:${hub.ports.mqtt}`, options, false);
    const gone = new Promise<void>((resolve) => client.once('close', () => resolve()));
    const publish = (): void => {
      const n = (this.#next += 1);
      client.publish(`devices/${this.#deviceId}/messages/events/n=${n}`, 'x'.repeat(n % 2000), { qos: 1 }, (error) => {
        if (error) return;
        this.#acknowledged.add(n);
        this.done += 1;
        publish();
      });
    };
    for (let index = 0; index < IN_FLIGHT; index += 1) publish();
    await gone;
    client.end(true);
  }

  /** Fails when something acknowledged since the last time is missing, or anything is not as it was sent. */
  check(log: EventLog): void {
    const found = log.partitionIds.flatMap((id) => this.#readNew(log, id));
    expect(found, 'in the order of sending, each once').toEqual([...new Set(found)].sort((a, b) => a - b));
    const there = new Set(found);
    const missing = [...this.#acknowledged].filter((n) => !there.has(n));
    expect(missing, 'nothing acknowledged is missing').toEqual([]);
    this.#acknowledged.clear();
  }

  /** The numbers of this device in a partition, behind those of the last time: retention may have taken these. */
  #readNew(log: EventLog, partitionId: string): number[] {
    const readTo = this.#readTo.get(partitionId) ?? -1;
    const reader = log.openReader(partitionId, { kind: 'sequenceNumber', sequenceNumber: readTo, inclusive: false });
    const events = reader?.read(Infinity) ?? [];
    expect(events.map(({ sequenceNumber }) => sequenceNumber)).toEqual(events.map((_, index) => readTo + 1 + index));
    this.#readTo.set(partitionId, readTo + events.length);
    const own = events.filter(({ annotations }) => annotations['iothub-connection-device-id'] === this.#deviceId);
    return own.map(({ properties, body }) => {
      const n = Number(properties['n']);
      expect(body.length).toBe(n % 2000);
      return n;
    });
  }
}
