import { BlobPeer } from '../../support/blob-peer.ts';
import { startHub, type TestHub } from '../../support/hub.ts';

/** Ids of things that are there, made anew for every case; there is nothing else in the hub. */
export interface Things {
  readonly hub: TestHub;
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

/** One hub for all cases, one after the other. */
export class World implements AsyncDisposable {
  readonly hub: TestHub;
  readonly storage: BlobPeer;
  #count = 0;

  private constructor(hub: TestHub, storage: BlobPeer) {
    this.hub = hub;
    this.storage = storage;
  }

  static async make(): Promise<World> {
    return new World(await startHub(), await BlobPeer.start());
  }

  async things(): Promise<Things> {
    await this.hub.server.hub.reset();
    const n = (this.#count += 1);
    const deviceId = `device-${n}`;
    const edgeId = `edge-${n}`;
    const configurationId = `configuration-${n}`;
    const jobId = `job-${n}`;
    const registry = this.hub.registry();
    await registry.addDevices([{ deviceId }, { deviceId: edgeId, capabilities: { iotEdge: true } }]);
    await registry.addModule({ deviceId, moduleId: 'm' });
    await registry.addConfiguration({
      id: configurationId,
      schemaVersion: '1.0',
      content: { deviceContent: { 'properties.desired.a': 1 } },
    });
    const inAnHour = new Date(this.hub.server.hub.now() + 3_600_000);
    await this.hub.jobClient().scheduleTwinUpdate(jobId, `deviceId = '${deviceId}'`, { etag: '*', tags: {} }, inAnHour);
    const { hub, storage } = this;
    return { hub, storage, deviceId, edgeId, configurationId, jobId, freshId: `fresh-${n}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub.close();
    await this.storage[Symbol.asyncDispose]();
  }
}
