import { randomUUID } from 'node:crypto';
import { BlobPeer } from '../../support/blob-peer.ts';
import type { SdkHub } from '../../support/sdk-hub.ts';

/** Ids of things that are there, made anew for every case. */
export interface Things {
  readonly hub: SdkHub;
  readonly storage: BlobPeer;
  /** A device with the module `m`. */
  readonly deviceId: string;
  readonly edgeId: string;
  readonly configurationId: string;
  /** A scheduled job that waits. */
  readonly jobId: string;
  /** Nothing has this id. */
  readonly freshId: string;
}

/** A refusal that is documented: what leads to it, and what the SDK makes of it. */
export interface Refusal<Client> {
  readonly when: string;
  call(client: Client, things: Things): unknown;
  /** `err.name`; the code of the body where several share a name. */
  readonly name: string;
  readonly code?: string;
}

/** One public method of the SDK: called as it should be, and for each refusal. */
export interface MethodCases<Client> {
  call(client: Client, things: Things): unknown;
  readonly refused: readonly Refusal<Client>[];
}

export type Cases<Client> = Readonly<Record<string, MethodCases<Client>>>;

/** One hub for all cases. */
export class World {
  readonly hub: SdkHub;
  readonly storage: BlobPeer;
  readonly #id = randomUUID().slice(0, 8);
  #count = 0;

  constructor(hub: SdkHub, storage: BlobPeer) {
    this.hub = hub;
    this.storage = storage;
  }

  async things({ configuration }: { configuration: boolean }): Promise<Things> {
    const n = `${this.#id}-${(this.#count += 1)}`;
    const deviceId = `device-${n}`;
    const edgeId = `edge-${n}`;
    const configurationId = `configuration-${n}`;
    const jobId = `job-${n}`;
    const registry = this.hub.registry();
    await registry.addDevices([{ deviceId }, { deviceId: edgeId, capabilities: { iotEdge: true } }]);
    await registry.addModule({ deviceId, moduleId: 'm' });
    const content = { deviceContent: { 'properties.desired.a': 1 } };
    if (configuration) await registry.addConfiguration({ id: configurationId, schemaVersion: '1.0', content });
    const inAnHour = new Date(Date.now() + 3_600_000);
    await this.hub.jobClient().scheduleTwinUpdate(jobId, `deviceId = '${deviceId}'`, { etag: '*', tags: {} }, inAnHour);
    const { hub, storage } = this;
    return { hub, storage, deviceId, edgeId, configurationId, jobId, freshId: `fresh-${n}` };
  }
}
