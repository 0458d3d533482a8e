import { createHash } from 'node:crypto';
import { HubError } from '../model/hub-error.ts';
import type { DeviceJob } from '../model/job-result.ts';
import type { Twin } from '../model/twin.ts';
import { parseCondition, parseQuery, PathIndexes, QuerySyntaxError } from '../query/index.ts';
import type { HubContext } from './hub-context.ts';
import { jobSource } from './job-source.ts';
import { parsePageSize, RowSet, type PreparedQuery, type QueryPage, type RowOwner } from './row-set.ts';
import { isIndexable, twinSource } from './twin-source.ts';
import type { Twins } from './twins.ts';

export interface PageRequest {
  /** `x-ms-max-item-count` as it came. */
  readonly maxItems: string | undefined;
  /** `x-ms-continuation` as it came. */
  readonly continuation: string | undefined;
}

/** A condition that was checked: which twins it means, all of them or one that is asked about. */
export interface TwinCondition {
  /** Whether it speaks of modules. */
  readonly ofModules: boolean;
  /** In the order of creation. */
  all(): Iterable<Twin>;
  /** False for a module where it speaks of devices, and the reverse. */
  matches(twin: Twin): boolean;
}

const MAX_PREPARED = 200;

/** Queries over twins and over the results of jobs, page by page. */
export class Queries {
  readonly #context: HubContext;
  readonly #devices: RowSet<Twin>;
  readonly #modules: RowSet<Twin>;
  readonly #deviceJobs: RowSet<DeviceJob>;
  readonly #prepared = new Map<string, PreparedQuery>();

  constructor(context: HubContext, twins: Twins) {
    this.#context = context;
    const devices = twinRows('devices', context, twins);
    const modules = twinRows('devices.modules', context, twins);
    context.twins.onChange((key, before, after) => {
      const { indexes } = (after ?? before)?.moduleId === undefined ? devices : modules;
      indexes.update(key, before, after);
    });
    this.#devices = new RowSet(devices);
    this.#modules = new RowSet(modules);
    this.#deviceJobs = new RowSet(deviceJobRows(context));
  }

  /**
   * Runs a query, or goes on with one, behind every change that was asked for before it.
   *
   * @throws HubError ArgumentInvalid for a refused text (with its place), page size or continuation token
   * @see service-protocol.md, 6.1
   */
  async run(text: string, page: PageRequest): Promise<QueryPage> {
    const query = this.#prepare(text);
    const size = parsePageSize(page.maxItems);
    await this.#context.store.settled();
    return query({ size, continuation: page.continuation });
  }

  /**
   * How many rows a query finds.
   *
   * @throws HubError ArgumentInvalid for a refused text
   */
  count(text: string): number {
    const query = this.#prepare(text);
    return query({ size: Infinity, continuation: undefined }).rows.length;
  }

  /**
   * Reads a bare WHERE expression: a job's query condition, a configuration's target condition. `*` means every device.
   *
   * @throws HubError ArgumentInvalid with the place
   */
  condition(text: string): TwinCondition {
    return refusing(() => {
      const condition = parseCondition(text === '*' ? 'FROM devices' : text);
      if (condition.source === 'devices.jobs') {
        throw new HubError('ArgumentInvalid', 'a condition is on devices or devices.modules');
      }
      const ofModules = condition.source === 'devices.modules';
      const rows = ofModules ? this.#modules : this.#devices;
      const plan = rows.planCondition(condition);
      return {
        ofModules,
        all: () => rows.matching(plan),
        matches: (twin: Twin) => (twin.moduleId !== undefined) === ofModules && plan.matches(twin),
      };
    });
  }

  #prepare(text: string): PreparedQuery {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const prepared = refusing(() => this.#plan(text));
    this.#prepared.set(text, prepared);
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size > MAX_PREPARED && oldest !== undefined) this.#prepared.delete(oldest);
    return prepared;
  }

  #plan(text: string): PreparedQuery {
    const query = parseQuery(text);
    const digest = createHash('sha256').update(text).digest('base64url').slice(0, 12);
    switch (query.source) {
      case 'devices':
        return this.#devices.prepare(query, digest);
      case 'devices.modules':
        return this.#modules.prepare(query, digest);
      case 'devices.jobs':
        return this.#deviceJobs.prepare(query, digest);
    }
  }
}

/** What the query language refuses is the caller's mistake. */
function refusing<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof QuerySyntaxError) throw new HubError('ArgumentInvalid', error.message, { cause: error });
    throw error;
  }
}

function twinRows(name: 'devices' | 'devices.modules', context: HubContext, twins: Twins): RowOwner<Twin> {
  const source = twinSource(name, (twin) => twins.view(twin));
  const ofModules = name === 'devices.modules';
  const includes = (twin: Twin): boolean => (twin.moduleId !== undefined) === ofModules;
  return {
    source,
    indexes: new PathIndexes(source, { isIndexable }),
    entries: () => context.twins.entries(),
    values: () => (context.modules.size === 0 && !ofModules ? context.twins.values() : only(context.twins, includes)),
    includes,
    find: (key) => context.twins.get(key),
    // The generation id: 18 digits that grow from one identity to the next, so that text compares as the number would.
    place: (key) => (context.devices.get(key) ?? context.modules.get(key))?.generationId ?? '',
    count: () => context.twins.size,
  };
}

function* only(twins: HubContext['twins'], includes: (twin: Twin) => boolean): Iterable<Twin> {
  for (const twin of twins.values()) if (includes(twin)) yield twin;
}

function deviceJobRows({ deviceJobs }: HubContext): RowOwner<DeviceJob> {
  const indexes = new PathIndexes(jobSource);
  deviceJobs.onChange((key, before, after) => indexes.update(key, before, after));
  return {
    source: jobSource,
    indexes,
    entries: () => deviceJobs.entries(),
    values: () => deviceJobs.values(),
    includes: () => true,
    find: (key) => deviceJobs.get(key),
    place: (key) => deviceJobs.get(key)?.order ?? '',
    count: () => deviceJobs.size,
  };
}
