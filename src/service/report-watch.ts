import { setTimeout as delay } from 'node:timers/promises';
import { isObject, type TwinDocument } from '../sdk/service-documents.ts';
import type { ServiceClient } from '../sdk/service-client.ts';
import { ProgramError } from '../terminal/index.ts';
import { promptPauseMs } from './polling.ts';
import { quoteConstant } from './query-text.ts';
import { isNotOlder, lastUpdated } from './sections.ts';

/** The hub's limit for the text of a query is 8192 characters; service-protocol.md, 6.1 */
const MAX_IDS_LENGTH = 7500;
/** The local hub has no limit; an S1 hub allows 20 queries a minute. */
const QUERY_EVERY_MS = { local: 400, remote: 3000 };
/** Queries take at most a quarter of the time: what is waited for needs the processor too. */
const REST_PER_QUERY = 3;
/** For what queries are late with: half of what an S1 hub allows, for all devices together. */
const READS_PER_SECOND = 50;
const READS_AT_ONCE = 32;
const READ_EVERY_MS = 250;

interface Waiting {
  /** The twin as it was when nothing had been reported yet. */
  readonly since: TwinDocument;
  readonly startedAt: number;
  readonly endsAt: number;
  /** No report that is waited for is older, by the hub's clock. */
  readonly floor: string;
  /** When the device had reported last, as far as it is known. */
  stamp: string;
  /** When its twin is read although no query has told of a new report. */
  readAt: number;
  /** @param told  the twin with what a query says of it; else it is read. @returns whether the waiting is over */
  readonly look: (last: boolean, told?: TwinDocument) => Promise<boolean>;
  readonly fail: (error: unknown) => void;
}

/**
 * Waits for what many devices report. One query now and then tells what those have reported that reported anything at all.
 * What queries cannot tell, because they are late or refused, is found by reading the twins in turn.
 */
export class ReportWatch {
  readonly #client: ServiceClient;
  readonly #signal: AbortSignal;
  readonly #queryEveryMs: number;
  readonly #waiting = new Map<string, Waiting>();
  #latest = '';
  #canQuery = true;
  #isReading = false;
  #isQuerying = false;

  constructor(client: ServiceClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
    this.#queryEveryMs = client.hub.address.local ? QUERY_EVERY_MS.local : QUERY_EVERY_MS.remote;
  }

  /**
   * Makes the attempt whenever the device may have reported something, until it gives something or the time is up.
   *
   * @param options.since the twin as it was when nothing had been reported yet
   * @param attempt       gets the twin where a query told of it, else reads it
   * @returns undefined when the time is up; the last attempt is made at the very end
   */
  until<T>(
    options: { since: TwinDocument; timeoutMs: number },
    attempt: (told?: TwinDocument) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const { since } = options;
      const now = performance.now();
      const stamp = lastUpdated(since.properties.reported, []) ?? '';
      if (isNotOlder(stamp, this.#latest)) this.#latest = stamp;
      this.#waiting.set(since.deviceId, {
        since,
        startedAt: now,
        endsAt: now + options.timeoutMs,
        floor: this.#latest,
        stamp,
        readAt: now + this.#pauseMs(0),
        look: async (last, told) => {
          const found = await attempt(told);
          if (found === undefined && !last) return false;
          resolve(found);
          return true;
        },
        fail: reject,
      });
      this.#start();
    });
  }

  /** Two loops: a throttled query may take minutes, and nobody's time may run out unseen meanwhile. */
  #start(): void {
    if (!this.#isReading) void this.#readInTurn();
    if (!this.#isQuerying && this.#canQuery) void this.#queryNowAndThen();
  }

  async #readInTurn(): Promise<void> {
    this.#isReading = true;
    try {
      while (this.#waiting.size > 0) {
        const now = performance.now();
        const due = [...this.#waiting.values()].filter(({ readAt, endsAt }) => now >= Math.min(readAt, endsAt));
        await this.#readSome(due);
        await delay(READ_EVERY_MS, undefined, { signal: this.#signal });
      }
    } catch (error) {
      this.#failAll(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #queryNowAndThen(): Promise<void> {
    this.#isQuerying = true;
    try {
      let restMs = this.#queryEveryMs;
      for (;;) {
        await delay(restMs, undefined, { signal: this.#signal });
        if (this.#waiting.size === 0 || !this.#canQuery) return;
        const startedAt = performance.now();
        await this.#query();
        restMs = Math.max(this.#queryEveryMs, (performance.now() - startedAt) * REST_PER_QUERY);
      }
    } catch (error) {
      this.#failAll(error);
    } finally {
      this.#isQuerying = false;
    }
  }

  #failAll(error: unknown): void {
    for (const waiting of this.#waiting.values()) waiting.fail(error);
    this.#waiting.clear();
  }

  async #query(): Promise<void> {
    try {
      for (const query of this.#queries()) {
        for await (const row of this.#client.query(query, { background: true })) await this.#take(row);
      }
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      // Not allowed, or throttled to the end: the twins can still be read.
      this.#canQuery = false;
    }
  }

  *#queries(): Generator<string, void, void> {
    const all = [...this.#waiting.values()];
    const floor = all.reduce(
      (least, waiting) => (isNotOlder(waiting.floor, least) ? least : waiting.floor),
      this.#latest,
    );
    let ids: string[] = [];
    let length = 0;
    for (const { since } of all) {
      const id = quoteConstant(since.deviceId);
      if (length + id.length > MAX_IDS_LENGTH) {
        yield newsQuery(ids, floor);
        [ids, length] = [[], 0];
      }
      ids.push(id);
      length += id.length + 1;
    }
    if (ids.length > 0) yield newsQuery(ids, floor);
  }

  /**
   * What a query tells may be late: a row that is older than what is known says nothing. One that is newer is as good as
   * the twin, since no query tells of what is yet to come.
   */
  async #take(row: unknown): Promise<void> {
    const { deviceId, reported } = isObject(row) ? row : {};
    const waiting = typeof deviceId === 'string' ? this.#waiting.get(deviceId) : undefined;
    const stamp = isObject(reported) ? lastUpdated(reported, []) : undefined;
    if (waiting === undefined || !isObject(reported) || stamp === undefined) return;
    if (isNotOlder(waiting.stamp, stamp)) return;
    waiting.stamp = stamp;
    const { since } = waiting;
    await this.#lookAt(waiting, { ...since, properties: { ...since.properties, reported } });
  }

  async #readSome(some: readonly Waiting[]): Promise<void> {
    for (let index = 0; index < some.length; index += READS_AT_ONCE) {
      await Promise.all(some.slice(index, index + READS_AT_ONCE).map((waiting) => this.#lookAt(waiting)));
    }
  }

  async #lookAt(waiting: Waiting, told?: TwinDocument): Promise<void> {
    const { deviceId } = waiting.since;
    if (!this.#waiting.has(deviceId)) return;
    const now = performance.now();
    waiting.readAt = now + this.#pauseMs(now - waiting.startedAt);
    try {
      const isOver = await waiting.look(told === undefined && now >= waiting.endsAt, told);
      if (isOver) this.#waiting.delete(deviceId);
    } catch (error) {
      this.#waiting.delete(deviceId);
      waiting.fail(error);
    }
  }

  /** Spread, so that not all are read in one moment; and seldom as long as a query tells sooner. */
  #pauseMs(passedMs: number): number {
    const turnMs = (this.#waiting.size / READS_PER_SECOND) * 1000;
    return Math.max(promptPauseMs(passedMs) * (this.#canQuery ? 2 : 1), turnMs * (0.5 + Math.random()));
  }
}

/**
 * Times are compared as texts: one without its "Z" is before all that begin with it. The comparison stands first, it is
 * false for most devices.
 */
function newsQuery(ids: readonly string[], floor: string): string {
  const time = 'properties.reported.$metadata.$lastUpdated';
  return (
    `SELECT deviceId, properties.reported AS reported FROM devices ` +
    `WHERE ${time} > '${floor.replace(/Z$/, '')}' AND deviceId IN [${ids.join(',')}]`
  );
}
