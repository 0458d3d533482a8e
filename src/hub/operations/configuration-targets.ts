import type { ConfigurationContent, ContentSection } from '../model/configuration-content.ts';
import { configureTwin, withConfigurations, type Setting } from '../model/configuration-twin.ts';
import type { Configuration } from '../model/configuration.ts';
import { HubError } from '../model/hub-error.ts';
import { targetKey, type Target } from '../model/identifiers.ts';
import type { JsonObject } from '../model/json.ts';
import { parseModuleIdentity } from '../model/module-identity.ts';
import type { AppliedConfigurations, Twin } from '../model/twin.ts';
import { ConfigurationConditions } from './configuration-conditions.ts';
import type { HubContext } from './hub-context.ts';
import type { IdentityRegistry } from './identity-registry.ts';
import type { ModuleRegistry } from './module-registry.ts';
import type { Queries } from './queries.ts';

/** What was written into a twin, to be told once it is durable. */
export interface ConfiguredChange {
  readonly twin: Twin;
  readonly before: Twin;
  readonly patch: JsonObject;
}

export interface ConfigurationTools {
  readonly context: HubContext;
  readonly queries: Queries;
  readonly registry: IdentityRegistry;
  readonly modules: ModuleRegistry;
  readonly onFault: (error: unknown) => void;
}

/** So many twins are written in one stretch. All of 20,000 at once kept others waiting for more than a second, so 0.12 s (2 cores). */
const SLICE = 200;

/**
 * Which configurations mean which twin, and what they set there: of those of one kind that match, the first by priority is
 * applied, the others are "Targeted".
 *
 * @see service-protocol.md, 9
 */
export class ConfigurationTargets {
  readonly #tools: ConfigurationTools;
  readonly #conditions: ConfigurationConditions;
  #closed = false;

  constructor(tools: ConfigurationTools) {
    this.#tools = tools;
    this.#conditions = new ConfigurationConditions(tools.context, tools.queries);
    const { events } = tools.context;
    events.on('identityCreated', ({ target }) => this.#consider(target));
    events.on('identityUpdated', ({ target }) => this.#consider(target));
    events.on('twinUpdated', ({ twin }) => this.#consider(twin));
    events.on('twinReported', ({ twin }) => this.#consider(twin));
  }

  /** @throws HubError InvalidConfigurationTargetCondition, with what is wrong and where */
  check(configuration: Configuration): void {
    this.#conditions.check(configuration);
  }

  /**
   * Behind the change that put a configuration: brings all twins that it means or meant up to date, some at a time, so that
   * others are served in between. What an end of the hub leaves undone is made up for by {@link resume}.
   */
  settleAll(id: string): Promise<void> {
    return this.#settleInSlices([...this.#twinsOf(id)]);
  }

  /** Inside the change that deleted a configuration: as {@link settleAll}, for what is left to do. */
  settleAllInChange(id: string, gone: Configuration): ConfiguredChange[] {
    return [...this.#twinsOf(id)].flatMap((twin) => this.#settleInChange(twin, gone));
  }

  /** Tells devices and listeners what was done, once it is durable. */
  tell(changes: readonly ConfiguredChange[]): void {
    for (const { patch, ...twins } of changes) {
      this.#tools.context.events.emit('twinUpdated', { ...twins, change: { desired: patch }, operation: 'updateTwin' });
    }
  }

  /** The hub ends. */
  close(): void {
    this.#closed = true;
  }

  /** After a start: twins whose change was durable and whose configurations were not yet looked at. */
  async resume(): Promise<void> {
    if (this.#conditions.count === 0) return;
    const stale = [...this.#tools.context.twins.values()].filter((twin) => this.#isStale(twin));
    await this.#settleInSlices(stale);
  }

  /**
   * Sets content on one edge device, configuration or not.
   *
   * @returns what was written
   */
  applyInChange(deviceId: string, content: ConfigurationContent): ConfiguredChange[] {
    if (content.kind !== 'modulesContent') return [];
    const { context } = this.#tools;
    const changes = Object.entries(content.sections).flatMap(([moduleId, section]) => {
      const twin = this.#moduleTwinInChange({ deviceId, moduleId });
      return this.#setInChange(twin, wholeSection(twin, section), { section });
    });
    const own = context.twins.get(deviceId);
    const { deviceSection } = content;
    if (own === undefined || deviceSection === undefined) return changes;
    return [...changes, ...this.#setInChange(own, undefined, { section: deviceSection })];
  }

  #twinsOf(id: string): Set<Twin> {
    const twins = new Set<Twin>(this.#conditions.targetsOf(id));
    for (const twin of this.#tools.context.twins.values()) {
      if (twin.configurations?.[id] !== undefined) twins.add(twin);
    }
    return twins;
  }

  async #settleInSlices(twins: readonly Twin[]): Promise<void> {
    const { store } = this.#tools.context;
    for (let start = 0; start < twins.length; start += SLICE) {
      const slice = twins.slice(start, start + SLICE);
      this.tell(await store.change(() => slice.flatMap((twin) => this.#settleInChange(twin))));
    }
  }

  /** Costs a look at each condition; a change only where something differs. */
  #consider(target: Target): void {
    if (this.#conditions.count === 0) return;
    const { context, registry, onFault } = this.#tools;
    const modules =
      target.moduleId === undefined && registry.hasDevice(target.deviceId) ? registry.modulesOf(target.deviceId) : [];
    const keys = [target, ...modules].map(targetKey).filter((key) => this.#isStale(context.twins.get(key)));
    if (keys.length === 0) return;
    context.store
      .change(() => keys.flatMap((key) => this.#settleInChange(context.twins.get(key))))
      .then((changes) => this.tell(changes))
      .catch((error: unknown) => {
        if (!this.#closed) onFault(error); // what a closed store has not taken is made up for by the next start
      });
  }

  #isStale(twin: Twin | undefined): boolean {
    return twin !== undefined && !isSameTable(twin.configurations ?? {}, this.#conditions.tableFor(twin).table);
  }

  #settleInChange(stale: Twin | undefined, gone?: Configuration): ConfiguredChange[] {
    const { context } = this.#tools;
    const twin = stale === undefined ? undefined : context.twins.get(targetKey(stale));
    if (twin === undefined) return [];
    const { table, winners } = this.#conditions.tableFor(twin);
    if (isSameTable(twin.configurations ?? {}, table)) return [];
    const losers = this.#appliedIn(twin, gone).filter(({ id }) => !winners.some((winner) => winner.id === id));
    const fresh = winners.filter(({ id }) => twin.configurations?.[id]?.status !== 'Applied');
    try {
      const changes = this.#switchInChange(twin, losers, fresh);
      const after = context.twins.get(targetKey(twin)) ?? twin;
      context.twins.put(targetKey(twin), withConfigurations(after, table));
      return changes;
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      // It does not fit into the twin: it is meant by it, and not applied.
      const refused = fresh.map(({ id }): [string, { status: 'Targeted' }] => [id, { status: 'Targeted' }]);
      context.twins.put(targetKey(twin), withConfigurations(twin, { ...table, ...Object.fromEntries(refused) }));
      return [];
    }
  }

  #appliedIn(twin: Twin, gone: Configuration | undefined): Configuration[] {
    return Object.entries(twin.configurations ?? {}).flatMap(([id, { status }]) => {
      const configuration = gone?.id === id ? gone : this.#conditions.find(id);
      return status === 'Applied' && configuration !== undefined ? [configuration] : [];
    });
  }

  /** One write a twin: what the old ones set goes, what the new ones say comes. */
  #switchInChange(twin: Twin, losers: Configuration[], fresh: Configuration[]): ConfiguredChange[] {
    const kinds = new Set([...losers, ...fresh].map(({ content }) => content.kind));
    return [...kinds].flatMap((kind) => {
      const before = losers.find(({ content }) => content.kind === kind);
      const after = fresh.find(({ content }) => content.kind === kind);
      if (kind === 'modulesContent') return this.#deployInChange(twin.deviceId, before, after);
      return this.#setInChange(twin, settingOf(before), settingOf(after));
    });
  }

  #deployInChange(
    deviceId: string,
    before: Configuration | undefined,
    after: Configuration | undefined,
  ): ConfiguredChange[] {
    const { context } = this.#tools;
    const [old, fresh] = [sectionsOf(before), sectionsOf(after)];
    return [...new Set([...Object.keys(old), ...Object.keys(fresh)])].flatMap((moduleId) => {
      const target = { deviceId, moduleId };
      const twin =
        fresh[moduleId] === undefined ? context.twins.get(targetKey(target)) : this.#moduleTwinInChange(target);
      if (twin === undefined) return []; // removed by hand meanwhile
      const changes = this.#setInChange(twin, setting(before, old[moduleId]), setting(after, fresh[moduleId]));
      const { [before?.id ?? '']: _gone, ...rest } = twin.configurations ?? {};
      const table: AppliedConfigurations = after === undefined ? rest : { ...rest, [after.id]: { status: 'Applied' } };
      context.twins.put(targetKey(target), withConfigurations(context.twins.get(targetKey(target)) ?? twin, table));
      return changes;
    });
  }

  #setInChange(twin: Twin, before: Setting | undefined, after: Setting | undefined): ConfiguredChange[] {
    const { context } = this.#tools;
    const configured = configureTwin(twin, before, after, context.now());
    if (configured === undefined) return [];
    context.twins.put(targetKey(twin), configured.twin);
    return [{ ...configured, before: twin }];
  }

  /** A deployment makes the modules that it speaks of. */
  #moduleTwinInChange(target: { deviceId: string; moduleId: string }): Twin {
    const { context, modules } = this.#tools;
    const known = context.twins.get(targetKey(target));
    if (known !== undefined) return known;
    modules.createInChange(target, parseModuleIdentity(target.moduleId, { managedBy: 'iotEdge' }, context.randomBytes));
    const twin = context.twins.get(targetKey(target));
    if (twin === undefined) throw new Error(`a module was created without a twin: ${targetKey(target)}`);
    return twin;
  }
}

function sectionsOf(configuration: Configuration | undefined): Readonly<Record<string, ContentSection>> {
  return configuration?.content.kind === 'modulesContent' ? configuration.content.sections : {};
}

function settingOf(configuration: Configuration | undefined): Setting | undefined {
  if (configuration === undefined || configuration.content.kind === 'modulesContent') return undefined;
  return { configuration, section: configuration.content.section };
}

function setting(configuration: Configuration | undefined, section: ContentSection | undefined): Setting | undefined {
  return configuration === undefined || section === undefined ? undefined : { configuration, section };
}

/** Content by hand replaces the desired properties where it names them as a whole. */
function wholeSection(twin: Twin, section: ContentSection): Setting | undefined {
  return Object.hasOwn(section, 'properties.desired')
    ? { section: { 'properties.desired': twin.desired.values } }
    : undefined;
}

function isSameTable(a: AppliedConfigurations, b: AppliedConfigurations): boolean {
  const ids = Object.keys(a);
  return ids.length === Object.keys(b).length && ids.every((id) => a[id]?.status === b[id]?.status);
}
