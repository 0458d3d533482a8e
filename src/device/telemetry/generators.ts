import type { JsonObject, JsonValue } from '../../sdk/device-link.ts';
import { parseDuration } from '../../terminal/index.ts';
import type { Random } from '../random.ts';

/** What a value may depend on. Time apart, all of it is the same in every run with the same seed. */
export interface Moment {
  /** Of the message within its stream, from 1; outside telemetry, the device's index. */
  readonly number: number;
  /** Since the stream began, counted in its intervals, not by the clock. */
  readonly elapsedMs: number;
  /** Wall clock, milliseconds since 1970. */
  readonly now: number;
}

export type Generator = (moment: Moment) => JsonValue;

/** Makes a generator from the value of its `$name`. @throws Error what is wrong with the options, for the scenario's error message */
type Maker = (options: Options, random: Random) => Generator;

/** Each `$name` of a template. Every generator draws from a random source of its own. */
export const GENERATORS = {
  /** Running numbers: `{ "$counter": { "start": 1, "step": 1 } }`. */
  $counter: (options) => {
    const { start, step } = options.numbers({ start: 1, step: 1 });
    return ({ number }) => start + (number - 1) * step;
  },
  /** A random walk within bounds: `{ "$walk": { "start": 20, "step": 0.5, "min": -10, "max": 40, "decimals": 2 } }`. */
  $walk: (options, random) => {
    const { start, step, min, max, decimals } = options.numbers({
      start: 0,
      step: 1,
      min: -Infinity,
      max: Infinity,
      decimals: 2,
    });
    let value = start;
    return () => {
      const here = value;
      value = Math.min(max, Math.max(min, value + (random() * 2 - 1) * step));
      return round(here, decimals);
    };
  },
  /** A wave: `{ "$sine": { "min": 0, "max": 10, "period": "1h", "decimals": 2 } }`. */
  $sine: (options) => {
    const { min, max, decimals, phase } = options.numbers({ min: -1, max: 1, decimals: 2, phase: 0 });
    const periodMs = options.duration('period', 3_600_000);
    return ({ elapsedMs }) => {
      const angle = 2 * Math.PI * (elapsedMs / periodMs + phase);
      return round((min + max) / 2 + ((max - min) / 2) * Math.sin(angle), decimals);
    };
  },
  /** Normally distributed: `{ "$noise": { "mean": 0, "deviation": 1, "decimals": 2 } }`. */
  $noise: (options, random) => {
    const { mean, deviation, decimals } = options.numbers({ mean: 0, deviation: 1, decimals: 2 });
    return () => {
      // Box-Muller; 1 - random() is never 0
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      return round(mean + deviation * normal, decimals);
    };
  },
  /** Evenly distributed: `{ "$random": { "min": 0, "max": 100, "decimals": 0 } }`. */
  $random: (options, random) => {
    const { min, max, decimals } = options.numbers({ min: 0, max: 1, decimals: 2 });
    return () => round(min + random() * (max - min), decimals);
  },
  /** One of these, each as likely as another: `{ "$choice": ["ok", "ok", "warn"] }`. */
  $choice: (options, random) => {
    const values = options.list();
    return () => values[Math.floor(random() * values.length)] ?? null;
  },
  /** One after the other, and again from the first: `{ "$cycle": ["Redmond43", "Houston"] }`; for tags and such, by the device's index. */
  $cycle: (options) => {
    const values = options.list();
    return ({ number }) => values[(((number - 1) % values.length) + values.length) % values.length] ?? null;
  },
  /** The time of sending: `{ "$time": "iso" }`, or `"epochMs"`, `"epochS"`. */
  $time: (options) => {
    const form = options.word(['iso', 'epochMs', 'epochS']);
    if (form === 'iso') return ({ now }) => new Date(now).toISOString();
    return form === 'epochMs' ? ({ now }) => now : ({ now }) => Math.floor(now / 1000);
  },
} as const satisfies Record<string, Maker>;

export type GeneratorName = keyof typeof GENERATORS;

export function isGeneratorName(name: string): name is GeneratorName {
  return Object.hasOwn(GENERATORS, name);
}

/** The value of one `$name`, read with checks. */
export class Options {
  readonly #name: string;
  readonly #value: JsonValue;

  constructor(name: string, value: JsonValue) {
    this.#name = name;
    this.#value = value;
  }

  /** The members of the options that are numbers, each with its default. Members that are not asked for are refused, `period` aside. */
  numbers<Names extends string>(defaults: Record<Names, number>): Record<Names, number> {
    const given = this.#object();
    const known = [...Object.keys(defaults), 'period'];
    for (const [name, value] of Object.entries(given)) {
      if (!known.includes(name)) throw new Error(`${this.#name} has no option "${name}", only ${known.join(', ')}`);
      if (name !== 'period' && typeof value !== 'number') throw new Error(`${name} of ${this.#name} must be a number`);
    }
    return { ...defaults, ...given }; // each member was checked to be a number
  }

  duration(name: string, defaultMs: number): number {
    const value = this.#object()[name];
    const ms = value === undefined ? defaultMs : durationOf(value);
    if (ms === undefined || ms <= 0) throw new Error(`${name} of ${this.#name} must be a duration such as 10s or 1h`);
    return ms;
  }

  list(): readonly JsonValue[] {
    if (!Array.isArray(this.#value) || this.#value.length === 0)
      throw new Error(`${this.#name} must be a list of values`);
    const values: readonly JsonValue[] = this.#value;
    return values;
  }

  word<Word extends string>(words: readonly Word[]): Word {
    const found = words.find((word) => word === this.#value);
    if (found === undefined) throw new Error(`${this.#name} must be one of ${words.join(', ')}`);
    return found;
  }

  #object(): JsonObject {
    if (this.#value === null || typeof this.#value !== 'object' || Array.isArray(this.#value)) {
      throw new Error(`${this.#name} must be an object of options; {} takes the defaults`);
    }
    return this.#value as JsonObject; // what is neither null nor a list
  }
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(Math.max(0, Math.min(15, decimals))));
}

function durationOf(value: JsonValue): number | undefined {
  return typeof value === 'string' || typeof value === 'number' ? parseDuration(String(value)) : undefined;
}
