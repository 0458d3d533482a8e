import { compareConfigurations, targetExpression, type Configuration } from '../model/configuration.ts';
import { HubError } from '../model/hub-error.ts';
import type { AppliedConfigurations, Twin } from '../model/twin.ts';
import type { HubContext } from './hub-context.ts';
import type { Queries, TwinCondition } from './queries.ts';

interface Known {
  readonly configuration: Configuration;
  /** Undefined: it means nobody. */
  readonly condition: TwinCondition | undefined;
}

/** Which configurations there are, and which of them mean a twin. */
export class ConfigurationConditions {
  readonly #queries: Queries;
  readonly #known = new Map<string, Known>();

  constructor({ configurations }: HubContext, queries: Queries) {
    this.#queries = queries;
    for (const configuration of configurations.values()) this.#learn(configuration);
    configurations.onChange((id, _before, after) => {
      if (after === undefined) this.#known.delete(id);
      else this.#learn(after);
    });
  }

  get count(): number {
    return this.#known.size;
  }

  find(id: string): Configuration | undefined {
    return this.#known.get(id)?.configuration;
  }

  /** The twins that a configuration means now. */
  targetsOf(id: string): Iterable<Twin> {
    return this.#known.get(id)?.condition?.all() ?? [];
  }

  /** @throws HubError InvalidConfigurationTargetCondition, with what is wrong and where */
  check(configuration: Configuration): void {
    const { targetCondition, content } = configuration;
    if (/\bproperties\s*\.\s*desired\b|\bconfigurations\s*\./i.test(withoutStrings(targetCondition))) {
      throw new HubError(
        'InvalidConfigurationTargetCondition',
        'a target condition is on tags, reported properties and ids: what a configuration changes itself cannot decide',
      );
    }
    const ofModules = /^FROM\s+devices\.modules\b/i.test(targetCondition);
    if (ofModules !== (content.kind === 'moduleContent') && targetCondition !== '' && targetCondition !== '*') {
      throw new HubError(
        'InvalidConfigurationTargetCondition',
        ofModules
          ? `${content.kind} is for devices, the condition for modules`
          : "the condition of moduleContent must begin with 'FROM devices.modules WHERE'",
      );
    }
    try {
      this.#compile(configuration);
    } catch (error) {
      if (error instanceof HubError) throw new HubError('InvalidConfigurationTargetCondition', error.message);
      throw error;
    }
  }

  /** The configurations that mean a twin: the first of each kind is applied. */
  tableFor(twin: Twin): { table: AppliedConfigurations; winners: Configuration[] } {
    const matching = [...this.#known.values()]
      .filter(({ condition }) => condition?.matches(twin) === true)
      .map(({ configuration }) => configuration)
      .sort(compareConfigurations);
    const winners = matching.filter(
      ({ content }, i) => matching.findIndex((other) => other.content.kind === content.kind) === i,
    );
    const own = matching.map(({ id }) => [id, { status: winners.some((w) => w.id === id) ? 'Applied' : 'Targeted' }]);
    return { table: { ...Object.fromEntries(own), ...this.#deployed(twin) } as AppliedConfigurations, winners };
  }

  /** What the deployment of an edge device says in the twins of its modules is not theirs to decide. */
  #deployed(twin: Twin): AppliedConfigurations {
    if (twin.moduleId === undefined) return {};
    const kept = Object.entries(twin.configurations ?? {}).filter(
      ([id]) => this.#known.get(id)?.configuration.content.kind === 'modulesContent',
    );
    return Object.fromEntries(kept);
  }

  #learn(configuration: Configuration): void {
    this.#known.set(configuration.id, { configuration, condition: this.#compile(configuration) });
  }

  #compile(configuration: Configuration): TwinCondition | undefined {
    const expression = targetExpression(configuration);
    if (expression === undefined) return undefined;
    if (configuration.content.kind !== 'moduleContent') {
      return this.#queries.condition(expression === '' ? '*' : expression);
    }
    return this.#queries.condition(`FROM devices.modules${expression === '' ? '' : ` WHERE ${expression}`}`);
  }
}

function withoutStrings(text: string): string {
  return text.replace(/'(\\.|[^'\\])*'|"(\\.|[^"\\])*"/g, "''");
}
