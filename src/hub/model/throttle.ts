/** The editions of IoT Hub whose throttles this hub can keep, one unit of each. */
export const TIERS = ['F1', 'S1', 'S2', 'S3'] as const;
export type Tier = (typeof TIERS)[number];

/** What is throttled by itself. */
export type OperationClass =
  | 'registry'
  | 'connections'
  | 'telemetry'
  | 'cloudToDeviceSend'
  | 'cloudToDeviceReceive'
  | 'fileUpload'
  | 'methods'
  | 'queries'
  | 'twinReads'
  | 'twinUpdates'
  | 'jobs'
  | 'jobDevices'
  | 'configurations';

export interface Rate {
  readonly perSecond: number;
  /** How many may come at once after a pause. */
  readonly burst: number;
}

export interface TierLimits {
  readonly rates: Readonly<Record<OperationClass, Rate>>;
  readonly messagesPerDay: number;
  /** What counts as one message. */
  readonly messageMeterBytes: number;
  readonly identities: number;
  readonly configurations: number;
  readonly activeJobs: number;
}

/** A direct method costs as many bytes as its request fills of these. */
export const METHOD_METER_BYTES = 4096;

const perMinute = (count: number): Rate => ({ perSecond: count / 60, burst: count });
const perSecond = (count: number): Rate => ({ perSecond: count, burst: count });

const SMALL = {
  registry: perMinute(100),
  connections: perSecond(100),
  telemetry: perSecond(100),
  cloudToDeviceSend: perMinute(100),
  cloudToDeviceReceive: perMinute(1000),
  fileUpload: perMinute(100),
  methods: perSecond(160 * 1024),
  queries: perMinute(20),
  twinReads: perSecond(100),
  twinUpdates: perSecond(50),
  jobs: perMinute(100),
  jobDevices: perSecond(10),
  configurations: perMinute(20),
} as const satisfies Record<OperationClass, Rate>;

const MEDIUM = { ...SMALL, connections: perSecond(120), telemetry: perSecond(120), methods: perSecond(480 * 1024) };

const LARGE = {
  registry: perMinute(5000),
  connections: perSecond(6000),
  telemetry: perSecond(6000),
  cloudToDeviceSend: perMinute(5000),
  cloudToDeviceReceive: perMinute(50_000),
  fileUpload: perMinute(5000),
  methods: perSecond(24 * 1024 * 1024),
  queries: perMinute(1000),
  twinReads: perSecond(500),
  twinUpdates: perSecond(250),
  jobs: perMinute(5000),
  jobDevices: perSecond(50),
  configurations: perMinute(20),
} as const satisfies Record<OperationClass, Rate>;

const STANDARD = { messageMeterBytes: 4096, identities: 1_000_000, configurations: 100 };

/** @see service-protocol.md, 14 */
export const TIER_LIMITS: Readonly<Record<Tier, TierLimits>> = {
  F1: {
    rates: SMALL,
    messagesPerDay: 8_000,
    messageMeterBytes: 512,
    identities: 500,
    configurations: 10,
    activeJobs: 1,
  },
  S1: { ...STANDARD, rates: SMALL, messagesPerDay: 400_000, activeJobs: 1 },
  S2: { ...STANDARD, rates: MEDIUM, messagesPerDay: 6_000_000, activeJobs: 5 },
  S3: { ...STANDARD, rates: LARGE, messagesPerDay: 300_000_000, activeJobs: 10 },
};

/** A bucket of tokens that fills at a steady rate and can be overdrawn: who overdraws it has to wait. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledMs = nowMs;
  }

  /** How long until something that costs so much may begin; 0 = now. Takes nothing. */
  waitMs(cost: number, nowMs: number): number {
    this.#fill(nowMs);
    // What costs more than a full bucket may begin when the bucket is full.
    const missing = Math.min(cost, this.#rate.burst) - this.#tokens;
    return missing <= 0 ? 0 : Math.ceil((1000 * missing) / this.#rate.perSecond);
  }

  take(cost: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#tokens -= cost;
  }

  #fill(nowMs: number): void {
    const seconds = Math.max(0, nowMs - this.#filledMs) / 1000;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + seconds * this.#rate.perSecond);
    this.#filledMs = Math.max(nowMs, this.#filledMs);
  }
}
