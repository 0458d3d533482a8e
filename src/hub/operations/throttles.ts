import { HubError } from '../model/hub-error.ts';
import { TIER_LIMITS, TokenBucket, type OperationClass, type Tier, type TierLimits } from '../model/throttle.ts';
import type { Clock } from './clock.ts';

/** Excess waits so long before it is refused: the hub shapes traffic first. service-protocol.md, 14 */
const MAX_WAIT_MS = 1_000;
/** Devices that send telemetry or connect wait longer, since nobody can tell them to come again. */
const MAX_BACKLOG_MS = 10_000;
const DAY_MS = 86_400_000;

/** What a tier allows; without a tier, everything. */
export class Throttles {
  readonly limits: TierLimits | undefined;
  readonly #now: Clock;
  readonly #buckets = new Map<OperationClass, TokenBucket>();
  #day = 0;
  #messagesToday = 0;

  constructor(tier: Tier | undefined, now: Clock) {
    this.limits = tier === undefined ? undefined : TIER_LIMITS[tier];
    this.#now = now;
  }

  /**
   * Lets an operation begin, perhaps a little later.
   *
   * @throws HubError ThrottlingException, with how long to stay away
   */
  async admit(operation: OperationClass, cost = 1): Promise<void> {
    const wait = this.#take(operation, cost, MAX_WAIT_MS);
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }

  /** Waits for its turn, however long: for what the hub does itself. */
  async pace(operation: OperationClass): Promise<void> {
    const wait = this.#take(operation, 1, Infinity);
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }

  /** How long a sender should be made to wait before what it does is {@link count}ed. */
  waitMs(operation: OperationClass): number {
    return this.limits === undefined ? 0 : this.#bucket(operation, this.limits).waitMs(1, this.#now());
  }

  /** Waits as {@link waitMs} says. */
  async turn(operation: OperationClass): Promise<void> {
    const wait = this.waitMs(operation);
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }

  /** What a device does at once, whether it was made to wait or not. @throws HubError ThrottlingException far over the rate */
  count(operation: OperationClass): void {
    this.#take(operation, 1, MAX_BACKLOG_MS);
  }

  /**
   * Counts a message that is taken at once.
   *
   * @throws HubError IotHubQuotaExceeded when the day's messages are used up; as {@link count} does
   */
  countTelemetry(bytes: number): void {
    if (this.limits === undefined) return;
    this.countMessage(bytes);
    this.count('telemetry');
  }

  /** @throws HubError IotHubQuotaExceeded */
  countMessage(bytes: number): void {
    if (this.limits === undefined) return;
    const { messagesPerDay, messageMeterBytes } = this.limits;
    const day = Math.floor(this.#now() / DAY_MS);
    if (day !== this.#day) this.#messagesToday = 0;
    this.#day = day;
    const messages = Math.max(1, Math.ceil(bytes / messageMeterBytes));
    if (this.#messagesToday + messages > messagesPerDay) {
      throw new HubError(
        'IotHubQuotaExceeded',
        `Total number of messages on this hub exceeded the allocated quota. Max allowed message count: ${messagesPerDay}, current message count: ${this.#messagesToday}.`,
      );
    }
    this.#messagesToday += messages;
  }

  #take(operation: OperationClass, cost: number, maxWaitMs: number): number {
    if (this.limits === undefined) return 0;
    const bucket = this.#bucket(operation, this.limits);
    const wait = bucket.waitMs(cost, this.#now());
    if (wait > maxWaitMs) {
      throw new HubError('ThrottlingException', `too many operations of the kind '${operation}' for this tier`, {
        retryAfterSeconds: Math.ceil(wait / 1000),
      });
    }
    bucket.take(cost, this.#now());
    return wait;
  }

  #bucket(operation: OperationClass, limits: TierLimits): TokenBucket {
    const known = this.#buckets.get(operation);
    if (known !== undefined) return known;
    const bucket = new TokenBucket(limits.rates[operation], this.#now());
    this.#buckets.set(operation, bucket);
    return bucket;
  }
}
