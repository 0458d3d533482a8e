import { randomBytes } from 'node:crypto';
import type { DeviceConnectionString, ServiceHub } from '../../config/index.ts';
import type { JsonObject } from '../../sdk/device-link.ts';
import type { ServiceClient } from '../../sdk/service-client.ts';
import { ProgramError } from '../../terminal/index.ts';
import { connectionOf } from '../device-identity.ts';
import { atOnce } from './at-once.ts';

export interface Registration {
  readonly deviceId: string;
  /** Written on the local hub only. */
  readonly tags: JsonObject | undefined;
}

export interface RegistrationOptions {
  /** Register those that the hub does not know. */
  readonly create: boolean;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}

/** service-protocol.md, 4.6: as many as one request may hold. */
const BATCH = 100;
const BATCHES_AT_ONCE = 4;
const READS_AT_ONCE = 32;

/**
 * What a fleet's devices sign in with: registers those that may be, with keys of our own making, which saves reading them;
 * reads the keys of those that were there before.
 *
 * @throws ProgramError `notFound` when there is none of that name and it may not be created, `failed` when the hub refuses some
 */
export async function registerFleet(
  hub: ServiceHub,
  devices: readonly Registration[],
  options: RegistrationOptions,
): Promise<Map<string, DeviceConnectionString>> {
  const { openServiceClient } = await import('../../sdk/service-client.ts');
  const client = await openServiceClient(hub, { env: process.env, signal: options.signal });
  try {
    return await new FleetRegistrar(client, hub, options).register(devices);
  } finally {
    client.close();
  }
}

class FleetRegistrar {
  readonly #client: ServiceClient;
  readonly #hub: ServiceHub;
  readonly #options: RegistrationOptions;
  readonly #known = new Map<string, DeviceConnectionString>();
  #total = 0;

  constructor(client: ServiceClient, hub: ServiceHub, options: RegistrationOptions) {
    this.#client = client;
    this.#hub = hub;
    this.#options = options;
  }

  async register(devices: readonly Registration[]): Promise<Map<string, DeviceConnectionString>> {
    this.#total = devices.length;
    const batches = Array.from({ length: Math.ceil(devices.length / BATCH) }, (_, at) =>
      devices.slice(at * BATCH, (at + 1) * BATCH),
    );
    const before: Registration[] = this.#options.create ? [] : [...devices];
    if (this.#options.create) {
      await atOnce(batches, BATCHES_AT_ONCE, async (batch) => void before.push(...(await this.#create(batch))));
    }
    await atOnce(before, READS_AT_ONCE, (device) => this.#read(device));
    return this.#known;
  }

  /** @returns those that the hub knew already */
  async #create(batch: readonly Registration[]): Promise<Registration[]> {
    const items = batch.map(({ deviceId, tags }) => {
      const symmetricKey = { primaryKey: newKey(), secondaryKey: newKey() };
      const identity = { deviceId, status: 'enabled', etag: '', authentication: { type: 'sas', symmetricKey } };
      return { identity, tags: this.#hub.address.local ? tags : undefined };
    });
    const errors = await this.#client.changeDevices(
      items.map(({ identity: { deviceId, status, authentication }, tags }) => ({
        id: deviceId,
        importMode: 'create',
        status,
        authentication,
        ...(tags && { tags }),
      })),
    );
    const failed = new Map(errors.map((error) => [error.deviceId, error]));
    for (const { identity } of items) {
      if (!failed.has(identity.deviceId)) this.#note(identity.deviceId, connectionOf(identity, this.#hub));
    }
    const serious = errors.find(({ errorCode }) => !ALREADY_THERE.test(errorCode));
    if (serious !== undefined) {
      throw new ProgramError(
        'failed',
        serious.errorCode,
        `cannot register "${serious.deviceId}": ${serious.errorStatus}`,
        {
          hint: `the hub refused ${errors.length} of ${batch.length} devices of one batch`,
        },
      );
    }
    return batch.filter(({ deviceId }) => failed.has(deviceId));
  }

  async #read({ deviceId, tags }: Registration): Promise<void> {
    try {
      const connection = connectionOf(await this.#client.getDevice(deviceId), this.#hub);
      if (tags !== undefined && this.#hub.address.local) await this.#client.patchTwin(deviceId, { tags }, '*');
      this.#note(deviceId, connection);
    } catch (error) {
      if (!(error instanceof ProgramError) || error.exit !== 'notFound') throw error;
      throw new ProgramError('notFound', error.code, `the hub has no device "${deviceId}"`, {
        hint: 'register the devices of the fleet with --create',
        cause: error,
      });
    }
  }

  #note(deviceId: string, connection: DeviceConnectionString): void {
    this.#known.set(deviceId, connection);
    this.#options.progress(this.#known.size, this.#total);
  }
}

/** The code by name or by number. */
const ALREADY_THERE = /DeviceAlreadyExists|409001/;

function newKey(): string {
  return randomBytes(32).toString('base64');
}
