import { parseConfigurationContent } from '../model/configuration-content.ts';
import {
  checkConfigurationId,
  configurationDocument,
  MAX_CONFIGURATIONS,
  newConfiguration,
  parseMetricQueries,
  systemQueries,
  updateConfiguration,
  type Configuration,
} from '../model/configuration.ts';
import { decimalEtag, meetsPrecondition, type Precondition } from '../model/etag.ts';
import { HubError } from '../model/hub-error.ts';
import { isJsonObject, ownMember, type JsonObject } from '../model/json.ts';
import { ConfigurationTargets, type ConfigurationTools } from './configuration-targets.ts';

export interface ConfigurationsOptions extends ConfigurationTools {
  readonly maxConfigurations: number;
}

/** Configurations: automatic device management. @see service-protocol.md, 9 */
export class Configurations {
  readonly #options: ConfigurationsOptions;
  readonly #targets: ConfigurationTargets;

  constructor(options: ConfigurationsOptions) {
    this.#options = options;
    this.#targets = new ConfigurationTargets(options);
  }

  /** @throws HubError ConfigurationNotFound */
  document(id: string): JsonObject {
    return this.#document(this.#get(id));
  }

  /** @param top how many; outside 1 to 100 means all */
  list(top: number): JsonObject[] {
    const limit = top >= 1 && top <= MAX_CONFIGURATIONS ? top : MAX_CONFIGURATIONS;
    return [...this.#options.context.configurations.values()]
      .slice(0, limit)
      .map((configuration) => this.#document(configuration));
  }

  /**
   * Creates a configuration (no precondition) or updates it, and brings the twins that it means up to date.
   *
   * @throws HubError ConfigurationAlreadyExists, ConfigurationNotFound, PreconditionFailed, ConfigurationCountLimitExceeded,
   *   ArgumentInvalid, InvalidConfigurationContent, InvalidConfigurationTargetCondition,
   *   InvalidConfigurationCustomMetricsQuery, CannotModifyImmutableConfigurationContent
   */
  async put(id: string, body: unknown, precondition: Precondition): Promise<JsonObject> {
    if (!isJsonObject(body)) throw new HubError('ArgumentInvalid', 'a configuration must be a JSON object');
    checkConfigurationId(id, body);
    const { context } = this.#options;
    const configuration = await context.store.change(() => {
      const next =
        precondition.kind === 'none' ? this.#newInChange(id, body) : this.#updatedInChange(id, body, precondition);
      this.#targets.check(next);
      this.#checkMetrics(next.metricQueries);
      context.configurations.put(id, next);
      return next;
    });
    await this.#targets.settleAll(id);
    return this.#document(configuration);
  }

  /** Removes a configuration and takes back what it set. @throws HubError ConfigurationNotFound, PreconditionFailed */
  async delete(id: string, precondition: Precondition): Promise<void> {
    const { context } = this.#options;
    // First it means nobody, and is taken back; last it goes. An end of the hub in between leaves one that means nobody.
    await context.store.change(() => {
      const going = this.#get(id);
      checkEtag(going, precondition);
      context.configurations.put(id, { ...going, targetCondition: '' });
    });
    await this.#targets.settleAll(id);
    const changes = await context.store.change(() => {
      const gone = context.configurations.get(id);
      if (gone === undefined) return []; // deleted by another call meanwhile
      context.configurations.delete(id);
      return this.#targets.settleAllInChange(id, gone);
    });
    this.#targets.tell(changes);
  }

  /** What is wrong with a target condition and with metrics, without keeping anything. */
  test(body: unknown): JsonObject {
    if (!isJsonObject(body)) throw new HubError('ArgumentInvalid', 'the body must be a JSON object');
    const condition = ownMember(body, 'targetCondition') ?? '';
    const content = /^\s*FROM\s+devices\.modules\b/i.test(typeof condition === 'string' ? condition : '')
      ? 'moduleContent'
      : 'deviceContent';
    const error = refusalOf(() =>
      this.#targets.check(newConfiguration('test', { targetCondition: condition, content: { [content]: {} } }, 0)),
    );
    const queries = Object.entries(parseMetricQueries(ownMember(body, 'customMetricQueries')));
    const errors = queries.map(
      ([name, text]) => [name, refusalOf(() => this.#checkMetrics({ [name]: text }))] as const,
    );
    return {
      targetConditionError: error ?? null,
      customMetricQueryErrors: Object.fromEntries(
        errors.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
      ),
    };
  }

  /**
   * Sets content on one edge device.
   *
   * @throws HubError DeviceNotFound, InvalidConfigurationContent, InvalidOperation for a device that is no edge device
   */
  async apply(deviceId: string, body: unknown): Promise<void> {
    const { context, registry } = this.#options;
    const content = parseConfigurationContent(isJsonObject(body) ? (ownMember(body, 'content') ?? body) : {});
    if (content.kind !== 'modulesContent') {
      throw new HubError('InvalidConfigurationContent', 'content for one device must have modulesContent');
    }
    const changes = await context.store.change(() => {
      if (!registry.getDevice(deviceId).iotEdge) {
        throw new HubError('InvalidOperation', `device '${deviceId}' is no edge device, and content is for those only`);
      }
      return this.#targets.applyInChange(deviceId, content);
    });
    this.#targets.tell(changes);
  }

  /** All of them, for a blob. */
  export(): JsonObject[] {
    return this.list(MAX_CONFIGURATIONS);
  }

  /** Takes one line of a blob. @returns what was wrong with it */
  async import(line: JsonObject): Promise<JsonObject | undefined> {
    const id = ownMember(line, 'id');
    if (typeof id !== 'string') return { errorCode: 'ArgumentInvalid', errorStatus: 'the configuration has no id' };
    try {
      const isThere = this.#options.context.configurations.has(id);
      await this.put(id, line, isThere ? { kind: 'any' } : { kind: 'none' });
      return undefined;
    } catch (error) {
      if (error instanceof HubError) return { configurationId: id, errorCode: error.code, errorStatus: error.message };
      throw error;
    }
  }

  /** Looks at all twins again, after a start. */
  resume(): Promise<void> {
    return this.#targets.resume();
  }

  close(): void {
    this.#targets.close();
  }

  async reset(): Promise<void> {
    for (const id of [...this.#options.context.configurations.entries()].map(([key]) => key)) {
      await this.delete(id, { kind: 'any' });
    }
  }

  #newInChange(id: string, body: JsonObject): Configuration {
    const { context, maxConfigurations } = this.#options;
    if (context.configurations.has(id)) throw new HubError('ConfigurationAlreadyExists', 'Conflict');
    if (context.configurations.size >= maxConfigurations) {
      throw new HubError('ConfigurationCountLimitExceeded', `the hub has ${maxConfigurations} configurations already`);
    }
    return newConfiguration(id, body, context.now());
  }

  #updatedInChange(id: string, body: JsonObject, precondition: Precondition): Configuration {
    const before = this.#get(id);
    checkEtag(before, precondition);
    return updateConfiguration(before, body, this.#options.context.now());
  }

  /** @throws HubError InvalidConfigurationCustomMetricsQuery */
  #checkMetrics(queries: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(queries)) {
      const error = isWithoutSource(text) ? undefined : refusalOf(() => this.#options.queries.count(text));
      if (error !== undefined)
        throw new HubError('InvalidConfigurationCustomMetricsQuery', `metric '${name}': ${error}`);
    }
  }

  #document(configuration: Configuration): JsonObject {
    return configurationDocument(configuration, {
      system: this.#results(systemQueries(configuration)),
      custom: this.#results(configuration.metricQueries),
    });
  }

  #results(queries: Readonly<Record<string, string>>): Record<string, number> {
    const counted = Object.entries(queries).map(([name, text]): [string, number] => [
      name,
      text === '' || isWithoutSource(text) ? 0 : this.#options.queries.count(text),
    ]);
    return Object.fromEntries(counted);
  }

  #get(id: string): Configuration {
    const configuration = this.#options.context.configurations.get(id);
    if (configuration === undefined)
      throw new HubError('ConfigurationNotFound', `configuration '${id}' does not exist`);
    return configuration;
  }
}

/** `select *` alone is taken at creation, and finds nothing. service-protocol.md, 9 */
function isWithoutSource(text: string): boolean {
  return !/\bfrom\b/i.test(text);
}

function refusalOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof HubError) return error.message;
    throw error;
  }
}

function checkEtag(configuration: Configuration, precondition: Precondition): void {
  if (!meetsPrecondition(precondition, decimalEtag(configuration.etagCounter))) {
    throw new HubError('PreconditionFailed', 'PreconditionFailed');
  }
}
