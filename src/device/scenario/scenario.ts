import { isJsonObject } from '../../sdk/device-json.ts';
import type { JsonObject, JsonValue } from '../../sdk/device-link.ts';
import type { Behaviour, Interference } from '../behaviour.ts';
import { createCommands } from '../behaviours/commands.ts';
import { createConfiguration } from '../behaviours/configuration.ts';
import { createConnectivity } from '../behaviours/connectivity.ts';
import { createDeviceMethod } from '../behaviours/device-method.ts';
import { createMethods } from '../behaviours/methods.ts';
import { createReboot } from '../behaviours/reboot.ts';
import { createTelemetry, type TelemetryStream } from '../behaviours/telemetry.ts';
import { systemClock, type Clock } from '../clock.ts';
import { createDrops, interferenceOf, skewedClock } from '../faults.ts';
import { type Chance, chance, seededRandom, type Random } from '../random.ts';
import { climateStream, STANDARD_SETTINGS, type StandardSettings } from '../standard-settings.ts';
import { compileTemplate, type TemplateContext } from '../telemetry/template.ts';
import { deviceIdOf, isAmong } from './device-ids.ts';
import { readClockSkew, readFaults } from './fault-section.ts';
import { createInitialReport } from './initial-report.ts';
import { createMessageWork } from './message-work.ts';
import { createScenarioMethods } from './method-section.ts';
import { milliseconds } from './milliseconds.ts';
import { loadBehaviours, type MakeBehaviour } from './own-behaviours.ts';
import { readScenario } from './read-scenario.ts';
import type { DeviceSections, ScenarioDocument, StreamSection } from './scenario-document.ts';

/** One device of a scenario, ready to be made. */
export interface DevicePlan {
  readonly deviceId: string;
  readonly index: number;
  readonly tags: JsonObject | undefined;
  readonly behaviours: readonly Behaviour[];
  readonly interference: Interference | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ScenarioOptions {
  /** Used where the scenario has none. */
  readonly seed: string;
  /** Flags win over the file. */
  readonly overrides: Partial<StandardSettings>;
  /** Of the fleet. Default: the scenario's pattern, else `device-${index}`. */
  readonly ids?: string | undefined;
  /** The first index. Default: the scenario's. */
  readonly start?: number | undefined;
}

const DEFAULT_IDS = 'device-${index}';

/** A scenario that is read, with the modules it names; or none, which is what a device does out of the box. */
export class Scenario {
  readonly document: ScenarioDocument;
  readonly #options: ScenarioOptions;
  readonly #modules: ReadonlyMap<string, MakeBehaviour>;
  /** Merged once for each set of variants, not for each device. */
  readonly #merged = new Map<string, DeviceSections>();
  /** Behaviours that remember nothing of their device: one of each for all. */
  readonly #shared: ReturnType<typeof sharedBehaviours>;

  private constructor(
    document: ScenarioDocument,
    modules: ReadonlyMap<string, MakeBehaviour>,
    options: ScenarioOptions,
  ) {
    this.document = document;
    this.#modules = modules;
    this.#options = options;
    this.#shared = sharedBehaviours(options.overrides);
  }

  /** @throws ProgramError `wrongCall` when the file or a module it names is wrong */
  static async open(file: string | undefined, options: ScenarioOptions): Promise<Scenario> {
    if (file === undefined) return Scenario.of({}, options);
    const document = readScenario(file);
    const names = [document, ...(document.variants ?? [])].flatMap(({ behaviours }) => behaviours ?? []);
    const loaded = await Promise.all(names.map(async (name) => [name, await loadBehaviours(name, file)] as const));
    return new Scenario(document, new Map(loaded), options);
  }

  /** From a document that names no modules of the user's own; `{}` is what a device does out of the box. */
  static of(document: ScenarioDocument, options: ScenarioOptions): Scenario {
    return new Scenario(document, new Map(), options);
  }

  get start(): number {
    return this.#options.start ?? this.document.devices?.start ?? 1;
  }

  /** undefined when ids come from a pattern, of which there is no end. */
  get listedIds(): readonly string[] | undefined {
    const ids = this.document.devices?.ids;
    return this.#options.ids === undefined && typeof ids === 'object' ? ids : undefined;
  }

  /** @throws ProgramError `wrongCall` when there is no such id */
  deviceId(index: number): string {
    const ids = this.#options.ids ?? this.document.devices?.ids ?? DEFAULT_IDS;
    return deviceIdOf(ids, index, this.start);
  }

  /** The sections of one device, variants merged. */
  sections(deviceId: string, index: number): DeviceSections {
    const variants = (this.document.variants ?? []).filter(
      ({ indexes, ids }) => (indexes !== undefined && isAmong(indexes, index)) || ids?.includes(deviceId) === true,
    );
    const key = variants.map((variant) => this.document.variants?.indexOf(variant)).join();
    const merged = this.#merged.get(key) ?? variants.reduce<DeviceSections>(mergeSections, this.document);
    this.#merged.set(key, merged);
    return merged;
  }

  /** The telemetry streams of one device, at their beginning. */
  streams(index: number, deviceId = this.deviceId(index)): TelemetryStream[] {
    return this.#streams(this.sections(deviceId, index).telemetry, this.#context(deviceId, index));
  }

  /** @param deviceId given where it is not the scenario's own */
  plan(index: number, deviceId = this.deviceId(index)): DevicePlan {
    const sections = this.sections(deviceId, index);
    const context = this.#context(deviceId, index);
    const { seed } = context;
    const faults = readFaults(sections.faults ?? []);
    const skewMs = readClockSkew(sections.faults ?? []);
    return {
      deviceId,
      index,
      tags: templateObject(sections.tags, index, inside(context, 'tags')),
      behaviours: [
        ...this.#behaviours(sections, index, context),
        ...(faults.some(({ kind }) => kind === 'drop') ? [createDrops(faults, seededRandom(`${seed}/drops`))] : []),
        ...this.#own(sections, deviceId, index, seed),
      ],
      interference: faults.length === 0 ? undefined : interferenceOf(faults, seededRandom(`${seed}/faults`)),
      clock: skewMs === 0 ? systemClock : skewedClock(systemClock, skewMs),
      random: seededRandom(`${seed}/device`),
    };
  }

  #context(deviceId: string, index: number): TemplateContext {
    const seed = `${this.document.seed ?? this.#options.seed}/${deviceId}`;
    return { seed, variables: { deviceId, index: String(index) } };
  }

  #behaviours(sections: DeviceSections, index: number, context: TemplateContext): Behaviour[] {
    const { overrides } = this.#options;
    const { reboot = {}, configuration = {} } = sections;
    const telemetry = createTelemetry(this.#streams(sections.telemetry, context));
    const msOr = (flag: number | undefined, section: string | number | undefined, standard: number): number =>
      flag ?? (section === undefined ? standard : milliseconds(section));
    const { connectivity, deviceMethod, fixedMethods, commands } = this.#shared;
    return [
      this.#connectivity(sections.connectivity, index, context) ?? connectivity,
      ...when(sections.reported, (reported) =>
        createInitialReport(templateObject(reported, index, inside(context, 'reported'))),
      ),
      createReboot({
        rebootMs: msOr(overrides.rebootMs, reboot.duration, STANDARD_SETTINGS.rebootMs),
        answer: overrides.rebootAnswer ?? reboot.answer ?? STANDARD_SETTINGS.rebootAnswer,
        failures: chanceOf(reboot.failureRate, `${context.seed}/reboot`),
      }),
      deviceMethod,
      ...when(sections.methods, (methods) => createScenarioMethods(methods, context)),
      fixedMethods,
      createConfiguration({
        applyMs: msOr(overrides.applyMs, configuration.applyTime, STANDARD_SETTINGS.applyMs),
        rejections: chanceOf(configuration.rejectionRate, `${context.seed}/configuration`),
        onSendFrequency: (everyMs, device) => telemetry.setSendFrequency(everyMs, device),
      }),
      telemetry,
      commands,
      ...when(sections.messages, ({ delay, reply }) =>
        createMessageWork({
          delayMs: milliseconds(delay ?? 0),
          reply: reply === undefined ? undefined : compileTemplate(reply, inside(context, 'reply')),
        }),
      ),
    ];
  }

  #streams(sections: readonly StreamSection[] | undefined, context: TemplateContext): TelemetryStream[] {
    const everyMs = this.#options.overrides.telemetryMs;
    if (sections === undefined) return [climateStream(everyMs, context.seed)];
    // --telemetry is for the streams that take their interval from outside.
    return sections.map((section) => streamOf(section, everyMs, context));
  }

  /** undefined: the same as for every device. */
  #connectivity(template: JsonValue | undefined, index: number, context: TemplateContext): Behaviour | undefined {
    if (template === undefined || this.#options.overrides.connectivity !== undefined) return undefined;
    const compiled = compileTemplate(template, inside(context, 'connectivity'));
    const value = compiled({ number: index, elapsedMs: 0, now: Date.now() });
    return createConnectivity(typeof value === 'string' ? value : JSON.stringify(value));
  }

  #own({ behaviours }: DeviceSections, deviceId: string, index: number, seed: string): Behaviour[] {
    const make = behaviours === undefined ? undefined : this.#modules.get(behaviours);
    return make === undefined ? [] : [make({ deviceId, index, random: seededRandom(`${seed}/own`) })].flat();
  }
}

function sharedBehaviours({ connectivity, methods }: Partial<StandardSettings>): {
  readonly connectivity: Behaviour;
  readonly deviceMethod: Behaviour;
  readonly fixedMethods: Behaviour;
  readonly commands: Behaviour;
} {
  return {
    connectivity: createConnectivity(connectivity ?? STANDARD_SETTINGS.connectivity),
    deviceMethod: createDeviceMethod(),
    fixedMethods: createMethods(methods ?? []),
    commands: createCommands(),
  };
}

/** A behaviour only where the scenario has the section for it: what nobody asked for takes no memory in any device. */
function when<Section>(section: Section | undefined, make: (section: Section) => Behaviour): Behaviour[] {
  return section === undefined ? [] : [make(section)];
}

function chanceOf(rate: number | undefined, seed: string): Chance | undefined {
  return rate === undefined ? undefined : chance(rate, seededRandom(seed));
}

/** Objects merge, lists and plain values replace. */
function mergeSections(base: DeviceSections, variant: DeviceSections): DeviceSections {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(variant) as [string, unknown][])
    merged[name] = mergeValue(merged[name], value);
  return merged;
}

function mergeValue(base: unknown, value: unknown): unknown {
  if (!isPlainObject(base) || !isPlainObject(value)) return value;
  // A generator is one thing: `{ $walk: … }` over `{ $sine: … }` must not give both.
  if (Object.keys(value).some((name) => name.startsWith('$'))) return value;
  const merged: Record<string, unknown> = { ...base };
  for (const [name, member] of Object.entries(value)) merged[name] = mergeValue(merged[name], member);
  return merged;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inside({ seed, variables }: TemplateContext, part: string): TemplateContext {
  return { seed: `${seed}/${part}`, variables };
}

function templateObject(
  template: JsonObject | undefined,
  index: number,
  context: TemplateContext,
): JsonObject | undefined {
  if (template === undefined) return undefined;
  const value = compileTemplate(template, context)({ number: index, elapsedMs: 0, now: Date.now() });
  return isJsonObject(value) ? value : undefined;
}

function streamOf(section: StreamSection, flagMs: number | undefined, context: TemplateContext): TelemetryStream {
  const { name, interval, body, properties, followsSendFrequency = false } = section;
  const fromOutside = interval === 'sendFrequency';
  const inner = inside(context, `telemetry/${name}`);
  return {
    name,
    everyMs: fromOutside ? flagMs : milliseconds(interval),
    followsSendFrequency: followsSendFrequency || fromOutside,
    body: compileTemplate(body, inner),
    properties: properties === undefined ? undefined : compileTemplate(properties, inside(inner, 'properties')),
    messageId: (number) => `${name}-${number}`,
  };
}
