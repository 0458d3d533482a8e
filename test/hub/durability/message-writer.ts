import { expect } from 'vitest';
import type { Answer, KillableHub } from './killable-hub.ts';
import type { Witness } from './witness.ts';

/** Beyond this, each message that is sent has another one taken. */
const MAX_PENDING = 10;

type Expected = 'there' | 'gone' | 'unknown';

/** Sends cloud-to-device messages to one device, and takes and completes the oldest. */
export class MessageWriter implements Witness {
  done = 0;
  readonly #path: string;
  /** By number: whether it must be in the queue; unknown when an answer never came. */
  #expected = new Map<number, Expected>();
  #next = 0;

  constructor(deviceId: string) {
    this.#path = `/devices/${deviceId}/messages/devicebound`;
  }

  async write(hub: KillableHub): Promise<void> {
    for (;;) {
      const n = (this.#next += 1);
      await this.#settle(n, 'there', () => this.#call(hub, 'POST', '', { n }));
      const pending = [...this.#expected.values()].filter((expected) => expected === 'there');
      if (pending.length > MAX_PENDING) await this.#take(hub);
    }
  }

  /** Empties the queue, so that no lock of this check is in the way of the next round. */
  async check(hub: KillableHub): Promise<void> {
    const expected = new Map(this.#expected);
    const found: number[] = [];
    for (let n = await this.#take(hub); n !== undefined; n = await this.#take(hub)) found.push(n);
    expect(found, 'in the order of sending, each once').toEqual([...new Set(found)].sort((a, b) => a - b));
    for (const [n, outcome] of expected) {
      if (outcome !== 'unknown') expect([n, found.includes(n)]).toEqual([n, outcome === 'there']);
    }
    this.#expected = new Map();
  }

  /** Receives the oldest and completes it; undefined when there is none. */
  async #take(hub: KillableHub): Promise<number | undefined> {
    const message = await this.#call(hub, 'GET', '');
    if (message.status === 204) return undefined;
    const n = Number(message.body.n);
    const lockToken = (message.headers.etag ?? '').replaceAll('"', '');
    await this.#settle(n, 'gone', () => this.#call(hub, 'DELETE', `/${lockToken}`));
    return n;
  }

  async #settle(n: number, outcome: Expected, call: () => Promise<Answer>): Promise<void> {
    this.#expected.set(n, 'unknown');
    await call();
    this.#expected.set(n, outcome);
    this.done += 1;
  }

  async #call(hub: KillableHub, method: string, rest: string, body?: object): Promise<Answer> {
    const answer = await hub.call(method, `${this.#path}${rest}`, body);
    if (answer.status >= 300) throw new Error(`${method} of a message was answered with ${answer.status}`);
    return answer;
  }
}
