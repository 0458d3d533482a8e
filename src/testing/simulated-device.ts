import type { JsonObject, JsonValue } from './json.ts';

/** Answers a direct method; undefined: never. */
export type MethodFunction = (payload: JsonValue) => MethodResult | undefined | Promise<MethodResult | undefined>;

export interface MethodResult {
  readonly status: number;
  readonly payload?: JsonValue;
}

export interface SimulateDeviceOptions {
  /** Registered if it is not there. */
  readonly deviceId: string;
  /** What its twin begins with, when it is registered. */
  readonly tags?: JsonObject;
  readonly desired?: JsonObject;
  /** More direct methods, or others in place of `rebootDevice` and `DeviceMethod`. */
  readonly methods?: Readonly<Record<string, MethodFunction>>;
  /** How long a reboot takes. Default 0.2; `sim-device` takes 5. */
  readonly rebootSeconds?: number;
  /** How long applying a configuration takes. Default 0.05; `sim-device` takes 2. */
  readonly applySeconds?: number;
  /** Reported at every connect. Default `cellular`. */
  readonly connectivity?: string;
  /** Send telemetry this often: milliseconds, or a text such as `1s`. Default: only when a desired `sendFrequency` says so. */
  readonly telemetry?: number | string;
  readonly protocol?: 'mqtt' | 'mqtt-ws';
}

/** What happened to a simulated device. `event` says what, the other members depend on it: see the events of `sim-device -o ndjson`. */
export interface SimulatedDeviceEvent {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly deviceId: string;
  readonly event: SimulatedDeviceEventName;
  readonly [member: string]: unknown;
}

export type SimulatedDeviceEventName =
  | 'connected'
  | 'connectFailed'
  | 'disconnected'
  | 'takenOver'
  | 'stopped'
  | 'desired'
  | 'reported'
  | 'method'
  | 'methodAnswered'
  | 'rebooting'
  | 'rebooted'
  | 'configuration'
  | 'telemetryInterval'
  | 'telemetry'
  | 'message'
  | 'fault'
  | 'failed';

/** A device as `sim-device` runs it, in this process. */
export interface SimulatedDevice extends AsyncDisposable {
  readonly deviceId: string;
  readonly connectionString: string;
  /** Everything that happened, oldest first. */
  readonly events: readonly SimulatedDeviceEvent[];
  /**
   * The next event of this name, among those that no earlier call of `next` has passed over; what happened already counts.
   *
   * @throws Error when there is none in time (default 10,000 ms), or the device has ended
   */
  next(
    event: SimulatedDeviceEventName,
    options?: { matches?: (event: SimulatedDeviceEvent) => boolean; timeoutMs?: number },
  ): Promise<SimulatedDeviceEvent>;
  /** Reports properties; resolves once the hub has them. @throws Error when the device is not connected */
  report(patch: JsonObject): Promise<void>;
  /** Sends one message of telemetry as JSON; resolves once the hub has it. @throws Error when the device is not connected */
  send(body: JsonValue, properties?: Readonly<Record<string, string>>): Promise<void>;
  /** Loses the connection for a while, without a goodbye. The device comes back by itself. */
  loseConnection(forMs: number): void;
  /** Says goodbye to the hub. Safe to call twice. */
  close(): Promise<void>;
}
