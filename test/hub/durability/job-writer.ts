import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { KillableHub } from './killable-hub.ts';
import { expectBetween, type Known, type Witness } from './witness.ts';

const LOOK_EVERY_MS = 10;
/** A hub that starts goes on with its jobs at once. */
const PATIENCE_MS = 20_000;

/** Runs jobs, one after the other, that count up in the tags of one device. */
export class JobWriter implements Witness {
  done = 0;
  readonly #deviceId: string;
  /** Of the tag: what a job has written that is completed, and what one was asked for. */
  readonly #count: Known = { acknowledged: 0, asked: 0 };
  /** Jobs of this round; whether it was acknowledged. */
  readonly #jobs = new Map<number, boolean>();

  constructor(deviceId: string) {
    this.#deviceId = deviceId;
  }

  async write(hub: KillableHub): Promise<void> {
    for (;;) {
      const n = (this.#count.asked += 1);
      this.#jobs.set(n, false);
      const { status } = await hub.call('PUT', `/jobs/v2/${this.#idOf(n)}`, {
        jobId: this.#idOf(n),
        type: 'scheduleUpdateTwin',
        updateTwin: { tags: { n }, etag: '*' },
        queryCondition: `deviceId = '${this.#deviceId}'`,
        startTime: null,
        maxExecutionTimeInSeconds: 60,
      });
      if (status !== 200) throw new Error(`a job was answered with ${status}`);
      this.#jobs.set(n, true);
      await this.#completed(hub, n);
      this.#count.acknowledged = n;
      this.done += 1;
    }
  }

  /** What was acknowledged is there, and is completed by the hub that comes next; so is what it did. */
  async check(hub: KillableHub): Promise<void> {
    for (const [n, isAcknowledged] of this.#jobs) {
      const { status } = await hub.call('GET', `/jobs/v2/${this.#idOf(n)}`);
      if (status === 404 && !isAcknowledged) continue;
      expect([this.#idOf(n), status]).toEqual([this.#idOf(n), 200]);
      await this.#completed(hub, n);
      this.#count.acknowledged = n;
    }
    const { body } = await hub.call('GET', `/twins/${this.#deviceId}`);
    const n = Number(body.tags?.n ?? 0);
    expectBetween(n, this.#count);
    this.#count.acknowledged = this.#count.asked = n;
    this.#jobs.clear();
  }

  async #completed(hub: KillableHub, n: number): Promise<void> {
    for (const endsAt = performance.now() + PATIENCE_MS; ;) {
      const { body } = await hub.call('GET', `/jobs/v2/${this.#idOf(n)}`);
      if (body.status === 'completed') return;
      if (performance.now() > endsAt) throw new Error(`job ${n} was answered with ${String(body.status)}`);
      await delay(LOOK_EVERY_MS);
    }
  }

  #idOf(n: number): string {
    return `${this.#deviceId}-${n}`;
  }
}
