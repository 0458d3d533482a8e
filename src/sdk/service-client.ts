import type { ServiceHub } from '../config/index.ts';
import { CallPace, type Slowdown } from './call-pace.ts';
import { CallPatience } from './call-patience.ts';
import { CALL_TIMEOUT_MS, callService } from './service-call.ts';
import {
  type BulkError,
  type DeviceIdentity,
  type HubTime,
  isObject,
  type JsonObject,
  type MethodAnswer,
  type ModuleIdentity,
  readBulkErrors,
  readHubTime,
  readIdentity,
  readMethodAnswer,
  readModuleIdentity,
  readTwin,
  type TwinDocument,
} from './service-documents.ts';
import type { LocalAuthorities } from './local-authorities.ts';
import type { ServiceConfigurations } from './service-configurations.ts';
import type { ServiceCall } from './service-errors.ts';
import type { ServiceJobs } from './service-jobs.ts';
import { type MethodParams, openServiceSdk, type ServiceSdk } from './service-sdk.ts';

export interface QueryOptions {
  /** How many rows a page has at most. */
  readonly pageSize?: number;
  /** Milliseconds that the hub has for a page; default: as for any call. */
  readonly limitMs?: number;
  /** When it is throttled, other calls go on as they were. */
  readonly background?: boolean;
}

/** One page of a query: rows, and the token of the next page. */
export interface QueryPage {
  readonly rows: readonly unknown[];
  readonly continuation: string | undefined;
}

export interface ClientOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Told what was done and how long it took. */
  readonly trace?: (line: string) => void;
  /** Told when the hub throttles and everything goes slower. */
  readonly onSlowdown?: (slowdown: Slowdown) => void;
  /** Told why when a hub that answered before is away, and is waited for. */
  readonly onAway?: (reason: string) => void;
}

/** Opens the service side of a hub; nothing is sent before the first call. */
export async function openServiceClient(hub: ServiceHub, options: ClientOptions): Promise<ServiceClient> {
  return new ServiceClient(hub, await openServiceSdk(hub, options.env), options);
}

/** What hub-admin does with a hub: typed documents in and out, every failure a ProgramError. */
export class ServiceClient {
  readonly hub: ServiceHub;
  readonly #sdk: ServiceSdk;
  readonly #options: ClientOptions;
  readonly #pace: CallPace;
  /** A hub counts queries apart from everything else; nobody need be told that these go slower. */
  readonly #backgroundPace = new CallPace();
  readonly #patience: CallPatience;

  constructor(hub: ServiceHub, sdk: ServiceSdk, options: ClientOptions) {
    this.hub = hub;
    this.#sdk = sdk;
    this.#options = options;
    this.#pace = new CallPace(options.onSlowdown);
    this.#patience = new CallPatience(options.onAway);
  }

  /** How many calls the hub takes at once at present; Infinity until it throttles. */
  get callLimit(): number {
    return this.#pace.limit;
  }

  close(): void {
    this.#sdk.close();
  }

  async getTwin(deviceId: string, moduleId?: string): Promise<TwinDocument> {
    const call = { doing: `read the twin of ${nameOf(deviceId, moduleId)}`, deviceId };
    return readTwin(await this.#call(call, () => this.#sdk.rest('GET', twinPath(deviceId, moduleId), {})));
  }

  /** Merges into tags and desired properties. @param etag `*`: whatever it is now */
  async patchTwin(deviceId: string, patch: JsonObject, etag: string, moduleId?: string): Promise<TwinDocument> {
    const call = { doing: `update the twin of ${nameOf(deviceId, moduleId)}`, deviceId, changes: true };
    const path = twinPath(deviceId, moduleId);
    return readTwin(await this.#call(call, () => this.#sdk.rest('PATCH', path, { body: patch, etag })));
  }

  /** Replaces the sections that `document` has. The SDK has no method for it. */
  async replaceTwin(deviceId: string, document: JsonObject, etag: string, moduleId?: string): Promise<TwinDocument> {
    const call = { doing: `replace the twin of ${nameOf(deviceId, moduleId)}`, deviceId, changes: true };
    const path = twinPath(deviceId, moduleId);
    return readTwin(await this.#call(call, () => this.#sdk.rest('PUT', path, { body: document, etag })));
  }

  async invokeMethod(
    target: { deviceId: string; moduleId?: string | undefined },
    params: MethodParams,
  ): Promise<MethodAnswer> {
    const call = {
      doing: `invoke ${params.methodName} on "${target.deviceId}"`,
      deviceId: target.deviceId,
      changes: true,
      limitMs: (params.responseTimeoutInSeconds + params.connectTimeoutInSeconds) * 1000 + CALL_TIMEOUT_MS,
    };
    return readMethodAnswer(await this.#call(call, () => this.#sdk.invokeMethod(target, params)));
  }

  /** Rows of a query, page after page to the end. */
  async *query(text: string, options: QueryOptions = {}): AsyncGenerator<unknown, void, void> {
    let continuation: string | undefined;
    do {
      const page = await this.queryPage(text, { ...options, ...(continuation === undefined ? {} : { continuation }) });
      yield* page.rows;
      continuation = page.continuation;
    } while (continuation !== undefined);
  }

  async queryPage(
    text: string,
    { limitMs, background = false, ...options }: QueryOptions & { continuation?: string },
  ): Promise<QueryPage> {
    const pace = background ? this.#backgroundPace : this.#pace;
    const call = { doing: 'run the query', pace, ...(limitMs === undefined ? {} : { limitMs }) };
    const { result, continuation } = await this.#call(call, () => this.#sdk.queryPage(text, options));
    return {
      rows: Array.isArray(result) ? result : [],
      // An empty header would be "more", for ever.
      continuation: typeof continuation === 'string' && continuation !== '' ? continuation : undefined,
    };
  }

  async getDevice(deviceId: string): Promise<DeviceIdentity> {
    const call = { doing: `read the identity of "${deviceId}"`, deviceId };
    return readIdentity((await this.#call(call, async () => (await this.#sdk.registry()).get(deviceId))).responseBody);
  }

  async createDevice(identity: JsonObject & { readonly deviceId: string }): Promise<DeviceIdentity> {
    const call = { doing: `create device "${identity.deviceId}"`, deviceId: identity.deviceId, changes: true };
    return readIdentity(
      (await this.#call(call, async () => (await this.#sdk.registry()).create({ ...identity }))).responseBody,
    );
  }

  async createModule(
    identity: JsonObject & { readonly deviceId: string; readonly moduleId: string },
  ): Promise<ModuleIdentity> {
    const { deviceId, moduleId } = identity;
    const call = { doing: `create module ${nameOf(deviceId, moduleId)}`, deviceId, changes: true };
    const answer = await this.#call(call, async () => (await this.#sdk.registry()).addModule({ ...identity }));
    return readModuleIdentity(answer.responseBody);
  }

  async listModules(deviceId: string): Promise<ModuleIdentity[]> {
    const call = { doing: `list the modules of "${deviceId}"`, deviceId };
    const answer = await this.#call(call, async () => (await this.#sdk.registry()).getModulesOnDevice(deviceId));
    return answer.responseBody.map(readModuleIdentity);
  }

  /**
   * Writes an identity back under its etag. The SDK's own `update` is unconditional and makes new keys when none are
   * given (sdk-traps.md, 12), so the identity must be whole: one that was read before.
   */
  async updateDevice(identity: DeviceIdentity, etag: string): Promise<DeviceIdentity> {
    const call = { doing: `update device "${identity.deviceId}"`, deviceId: identity.deviceId, changes: true };
    const path = devicePath(identity.deviceId);
    return readIdentity(await this.#call(call, () => this.#sdk.rest('PUT', path, { body: identity, etag })));
  }

  async deleteDevice(deviceId: string, etag: string): Promise<void> {
    const call = { doing: `delete device "${deviceId}"`, deviceId, changes: true };
    await this.#call(call, () => this.#sdk.rest('DELETE', devicePath(deviceId), { etag }));
  }

  /** The first 1000 identities: the hub has no paging here. */
  async listDevices(): Promise<DeviceIdentity[]> {
    const result = await this.#call({ doing: 'list the devices' }, async () => (await this.#sdk.registry()).list());
    return result.responseBody.map(readIdentity);
  }

  /** Up to 100 identities at once; what the hub refused is returned, not thrown. */
  async changeDevices(items: readonly JsonObject[]): Promise<BulkError[]> {
    const call = { doing: `write ${items.length} devices`, changes: true };
    return this.#call(call, async () => {
      try {
        return readBulkErrors(await this.#sdk.rest('POST', '/devices', { body: [...items] }));
      } catch (error) {
        // A refused item makes the whole answer a 400 whose body lists the errors.
        const errors = readBulkErrors(parseBody(error));
        if (errors.length > 0) return errors;
        throw error;
      }
    });
  }

  /** Scheduled jobs; few commands need them, so they are loaded here. */
  async jobs(): Promise<ServiceJobs> {
    const { ServiceJobs } = await import('./service-jobs.ts');
    const client = await this.#sdk.jobClient();
    return new ServiceJobs(this.#sdk, client, (call, work) => this.#call(call, work));
  }

  /** Configurations of automatic device management; few commands need them, so they are loaded here. */
  async configurations(): Promise<ServiceConfigurations> {
    const { ServiceConfigurations } = await import('./service-configurations.ts');
    return new ServiceConfigurations(this.#sdk, (call, work) => this.#call(call, work));
  }

  /** Authorities of device certificates of the local hub. */
  async localAuthorities(): Promise<LocalAuthorities> {
    const { LocalAuthorities } = await import('./local-authorities.ts');
    return new LocalAuthorities(this.#sdk, (call, work) => this.#call(call, work));
  }

  /** Resolves when the local hub answers. */
  async checkHealth(): Promise<void> {
    await this.#call({ doing: 'reach the local hub' }, () => this.#sdk.rest('GET', '/health', {}));
  }

  /** Asks the local hub to stop, or to forget all it has. Azure has no such door. */
  async controlLocalHub(what: 'stop' | 'reset'): Promise<void> {
    await this.#call({ doing: `${what} the local hub`, changes: true }, () =>
      this.#sdk.rest('POST', `/$tandem/${what}`, {}),
    );
  }

  /** The time of the local hub, moved ahead first when `advanceMs` says so. */
  async localHubClock(advanceMs?: number): Promise<HubTime> {
    const answer = await this.#call(
      { doing: 'use the clock of the local hub', changes: advanceMs !== undefined },
      () =>
        advanceMs === undefined
          ? this.#sdk.rest('GET', '/$tandem/clock', {})
          : this.#sdk.rest('POST', '/$tandem/clock', { body: { advanceMs } }),
    );
    return readHubTime(answer);
  }

  async #call<T>(
    what: Omit<ServiceCall, 'hub'> & { limitMs?: number; pace?: CallPace },
    work: () => Promise<T>,
  ): Promise<T> {
    const startedAt = performance.now();
    try {
      const shared = { hub: this.hub, signal: this.#options.signal, patience: this.#patience };
      return await callService({ pace: this.#pace, ...what, ...shared }, work);
    } finally {
      this.#options.trace?.(`${what.doing}: ${Math.round(performance.now() - startedAt)} ms`);
    }
  }
}

function twinPath(deviceId: string, moduleId: string | undefined): string {
  const module = moduleId === undefined ? '' : `/modules/${encodeURIComponent(moduleId)}`;
  return `/twins/${encodeURIComponent(deviceId)}${module}`;
}

function devicePath(deviceId: string): string {
  return `/devices/${encodeURIComponent(deviceId)}`;
}

function nameOf(deviceId: string, moduleId: string | undefined): string {
  return moduleId === undefined ? `"${deviceId}"` : `"${moduleId}" of "${deviceId}"`;
}

function parseBody(error: unknown): unknown {
  const body: unknown = isObject(error) ? error['responseBody'] : undefined;
  try {
    return typeof body === 'string' ? JSON.parse(body) : undefined;
  } catch {
    return undefined;
  }
}
