import type { JsonObject, JsonValue } from '../sdk/device-link.ts';

/**
 * Everything a device tells: `-o ndjson` writes one of these a line, with `time` (ISO 8601, UTC), `deviceId` and `event` first.
 * Scripts rely on the names: add members, never rename.
 */
export type DeviceEventBody =
  | { event: 'connected'; hub: string; protocol: string; attempt: number; elapsedMs: number }
  | {
      event: 'connectFailed';
      code: string;
      reason: string;
      hint?: string | undefined;
      attempt: number;
      retryInMs: number;
    }
  /** `by: "device"`: it rebooted, renewed its credentials, or was stopped. */
  | { event: 'disconnected'; by: 'device' | 'hub' | 'network'; reason: string; retryInMs?: number }
  /** Another client seems to connect with the same id: the hub accepts us and soon closes, again and again. */
  | { event: 'takenOver'; times: number; reason: string }
  | { event: 'stopped' }
  | { event: 'desired'; version: number; patch: JsonObject; source: 'twin' | 'notification' }
  | { event: 'reported'; patch: JsonObject }
  | { event: 'method'; methodName: string; requestId: string; payload: JsonValue; count: number }
  /** `status` null: the method is one that never answers. */
  | {
      event: 'methodAnswered';
      methodName: string;
      requestId: string;
      status: number | null;
      payload: JsonValue;
      elapsedMs: number;
    }
  | { event: 'rebooting'; rebootSeconds: number }
  | { event: 'rebooted'; rebootTime: string }
  | {
      event: 'configuration';
      status: 'Pending' | 'Success' | 'Error';
      configId: JsonValue;
      sendFrequency: JsonValue;
      reason?: string | undefined;
    }
  /** `everyMs` null: no telemetry until a desired sendFrequency says so. */
  | { event: 'telemetryInterval'; stream: string; everyMs: number | null }
  | {
      event: 'telemetry';
      messageId: string | null;
      body: JsonValue;
      properties: Readonly<Record<string, string>>;
      elapsedMs: number;
    }
  | {
      event: 'message';
      messageId: string | null;
      correlationId: string | null;
      body: JsonValue;
      properties: Readonly<Record<string, string>>;
    }
  | { event: 'fault'; fault: string; detail: string }
  /** Something the device tried did not work; it goes on. */
  | { event: 'failed'; what: string; reason: string };

export type DeviceEvent = { readonly time: string; readonly deviceId: string } & DeviceEventBody;

/** Takes events as they happen; must not throw and must not wait. */
export type EventSink = (event: DeviceEvent) => void;
