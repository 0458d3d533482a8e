import type { JsonObject, JsonValue } from '../../sdk/device-link.ts';

/** A scenario file as it stands, checked against schema.ts. A duration is a text such as `10s` or a number of seconds. */
export interface ScenarioDocument extends DeviceSections {
  readonly version?: 1;
  readonly seed?: string | number;
  readonly devices?: { readonly ids?: string | readonly string[]; readonly count?: number; readonly start?: number };
  readonly variants?: readonly Variant[];
}

export interface Variant extends DeviceSections {
  readonly indexes?: string | number;
  readonly ids?: readonly string[];
}

/** What one device is and does. */
export interface DeviceSections {
  readonly tags?: JsonObject;
  readonly reported?: JsonObject;
  readonly connectivity?: JsonValue;
  readonly reboot?: {
    readonly duration?: Duration;
    readonly answer?: 'before' | 'after';
    readonly failureRate?: number;
  };
  readonly configuration?: { readonly applyTime?: Duration; readonly rejectionRate?: number };
  readonly methods?: Readonly<Record<string, MethodSection>>;
  readonly telemetry?: readonly StreamSection[];
  readonly messages?: { readonly delay?: Duration; readonly reply?: JsonValue };
  readonly faults?: readonly FaultSection[];
  readonly behaviours?: string;
}

export type Duration = string | number;

export interface MethodSection {
  readonly status?: number;
  readonly payload?: JsonValue;
  readonly delay?: Duration;
  readonly answers?: boolean;
}

export interface StreamSection {
  readonly name: string;
  readonly interval: Duration;
  readonly followsSendFrequency?: boolean;
  readonly body: JsonValue;
  readonly properties?: JsonObject;
}

export interface FaultSection {
  readonly kind: 'drop' | 'delay' | 'duplicate' | 'loseAnswer' | 'clockSkew';
  readonly at?: Duration;
  readonly every?: Duration;
  readonly for?: Duration;
  readonly rate?: number;
  readonly by?: Duration;
}
