import type { CloudToDeviceMessage, DeviceTwin, JsonObject, JsonValue, TelemetryMessage } from '../sdk/device-link.ts';
import type { Clock } from './clock.ts';
import type { DeviceEventBody } from './device-event.ts';
import type { Random } from './random.ts';

/** What a behaviour may do with its device. Nothing here throws: what fails is told as an event, and the device goes on. */
export interface Device {
  readonly deviceId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly connected: boolean;
  /** The device's own copy, as of the last connect and what came and was reported since. */
  readonly twin: DeviceTwin;
  /** Aborted when the present connection ends, for whatever reason. */
  readonly connection: AbortSignal;
  /** False when there is no connection or the hub refused. */
  report(patch: JsonObject): Promise<boolean>;
  /** True when the hub has acknowledged. */
  send(message: TelemetryMessage): Promise<boolean>;
  /** Disconnects, stays away, comes back with a fresh client. `abrupt` leaves without a goodbye, as a lost network does. */
  goOffline(absence: { ms: number; reason: string; abrupt?: boolean }): void;
  emit(body: DeviceEventBody): void;
}

export interface MethodRequest {
  readonly methodName: string;
  /** null when none was sent, as the service shows it. */
  readonly payload: JsonValue;
  /** How often this method was called since the device was made, this call included. */
  readonly count: number;
}

export interface MethodAnswer {
  readonly status: number;
  readonly payload: JsonValue;
  /** Runs when the answer is on its way. */
  readonly afterwards?: () => void;
}

/** undefined: the method is never answered. */
export type MethodAnswerer = (
  request: MethodRequest,
  device: Device,
) => MethodAnswer | undefined | Promise<MethodAnswer | undefined>;

/**
 * One thing that a device does. A behaviour that remembers belongs to one device, others may be shared; it lives through reconnects.
 *
 * At every connect: subscriptions, the twin is read, `atConnect` of all behaviours in one report, then `connected`.
 */
export interface Behaviour {
  readonly methods?: Readonly<Record<string, MethodAnswerer>>;
  /** What to report right after connecting; undefined for nothing. */
  atConnect?(twin: DeviceTwin, device: Device): JsonObject | undefined;
  /** `twin.reported` includes what was reported at connect. */
  connected?(twin: DeviceTwin, device: Device): void;
  /** `patch` as it came, `twin.desired` with it merged. Not called for what the twin holds at connect. */
  desired?(patch: JsonObject, twin: DeviceTwin, device: Device): void;
  /** The message is completed when all behaviours are done with it. */
  message?(message: CloudToDeviceMessage, device: Device): void | Promise<void>;
  disconnected?(device: Device): void;
  /** The device is gone for good: stop timers. */
  close?(): void;
}

/** What happens to messages and answers on their way: faults of a scenario. */
export interface Interference {
  message(): { readonly delayMs: number; readonly copies: number };
  answer(): { readonly delayMs: number; readonly lost: boolean };
}
