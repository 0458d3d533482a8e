import type { FixedMethod } from './behaviours/methods.ts';
import type { TelemetryStream } from './behaviours/telemetry.ts';
import type { Generator } from './telemetry/generators.ts';
import { compileTemplate } from './telemetry/template.ts';

/** What a device does out of the box, and how the flags change it. */
export interface StandardSettings {
  readonly connectivity: string;
  readonly rebootMs: number;
  readonly rebootAnswer: 'before' | 'after';
  readonly applyMs: number;
  readonly methods: readonly FixedMethod[];
  /** undefined: until a desired sendFrequency says so. */
  readonly telemetryMs: number | undefined;
}

export const STANDARD_SETTINGS: StandardSettings = {
  connectivity: 'cellular',
  rebootMs: 5000,
  rebootAnswer: 'before',
  applyMs: 2000,
  methods: [],
  telemetryMs: undefined,
};

const CLIMATE = {
  messageId: { $counter: {} },
  temperature: { $walk: { start: 21, step: 0.5, min: 15, max: 35 } },
  humidity: { $walk: { start: 60, step: 1, min: 30, max: 90 } },
};

/** The stream that every device has unless a scenario says otherwise. */
export function climateStream(everyMs: number | undefined, seed: string): TelemetryStream {
  // Made with the first message: most devices of a silent fleet send none, and it is the largest thing that they hold.
  let body: Generator | undefined;
  return {
    name: 'climate',
    everyMs,
    followsSendFrequency: true,
    body: (moment) => (body ??= compileTemplate(CLIMATE, { seed: `${seed}/climate`, variables: {} }))(moment),
    properties: undefined,
    messageId: String,
  };
}
