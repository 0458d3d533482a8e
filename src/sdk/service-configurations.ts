import { isObject, type JsonObject, objectMember, plain } from './service-documents.ts';
import type { CallHub } from './service-jobs.ts';
import type { ServiceSdk } from './service-sdk.ts';

/** A configuration of automatic device management as the hub shows it. @see service-protocol.md, 9 */
export type ConfigurationDocument = JsonObject & { readonly id: string; readonly etag: string };

export interface NewConfiguration {
  readonly id: string;
  /** `''` targets nothing, `*` every device. */
  readonly targetCondition: string;
  /** The higher one wins where two set the same. */
  readonly priority: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Names and queries whose rows are counted. */
  readonly metrics: Readonly<Record<string, string>>;
  /** `deviceContent`, `moduleContent` or `modulesContent`. */
  readonly content: JsonObject;
}

/** Configurations of a hub: what devices that meet a condition shall have as their desired properties. */
export class ServiceConfigurations {
  readonly #sdk: ServiceSdk;
  readonly #call: CallHub;

  constructor(sdk: ServiceSdk, call: CallHub) {
    this.#sdk = sdk;
    this.#call = call;
  }

  /** @throws ProgramError `ConfigurationAlreadyExists` */
  async create({ metrics, ...rest }: NewConfiguration): Promise<ConfigurationDocument> {
    const configuration = {
      ...rest,
      labels: { ...rest.labels },
      schemaVersion: '1.0',
      metrics: { queries: { ...metrics }, results: {} },
    };
    const answer = await this.#call({ doing: `create configuration "${rest.id}"`, changes: true }, async () =>
      (await this.#sdk.registry()).addConfiguration(configuration),
    );
    return readConfiguration(answer.responseBody);
  }

  async get(id: string): Promise<ConfigurationDocument> {
    const { responseBody } = await this.#call({ doing: `read configuration "${id}"` }, async () =>
      (await this.#sdk.registry()).getConfiguration(id),
    );
    return readConfiguration(responseBody);
  }

  async list(): Promise<ConfigurationDocument[]> {
    const answer = await this.#call({ doing: 'list the configurations' }, async () =>
      (await this.#sdk.registry()).getConfigurations(),
    );
    const rows: unknown = answer.responseBody;
    return Array.isArray(rows) ? rows.map(readConfiguration) : [];
  }

  /** The SDK deletes whatever is there: it sends no etag. */
  async delete(id: string, etag: string): Promise<void> {
    const path = `/configurations/${encodeURIComponent(id)}`;
    await this.#call({ doing: `delete configuration "${id}"`, changes: true }, () =>
      this.#sdk.rest('DELETE', path, { etag }),
    );
  }
}

/** How many devices meet the condition, and how many have it; undefined before the hub has counted. */
export function configurationCounts(document: ConfigurationDocument): { targeted?: number; applied?: number } {
  const { targetedCount, appliedCount } = objectMember(objectMember(document, 'systemMetrics'), 'results');
  return {
    ...(typeof targetedCount === 'number' ? { targeted: targetedCount } : {}),
    ...(typeof appliedCount === 'number' ? { applied: appliedCount } : {}),
  };
}

/** @throws Error when the hub answered something that is no configuration */
function readConfiguration(value: unknown): ConfigurationDocument {
  const document = plain(value);
  const { id, etag = '' } = isObject(document) ? document : {};
  if (!isObject(document) || typeof id !== 'string' || typeof etag !== 'string') {
    throw new Error('the hub answered with something that is no configuration');
  }
  return { ...document, id, etag };
}
