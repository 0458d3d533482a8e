import type { CaCertificate } from '../model/certificate.ts';
import type { Configuration } from '../model/configuration.ts';
import type { DeviceIdentity } from '../model/device-identity.ts';
import type { DeviceJob } from '../model/job-result.ts';
import type { TransferJob } from '../model/job-transfer.ts';
import type { Job } from '../model/job.ts';
import type { ModuleIdentity } from '../model/module-identity.ts';
import type { RandomBytes } from '../model/shared-access-key.ts';
import type { SharedAccessPolicy } from '../model/shared-access-policy.ts';
import type { Twin } from '../model/twin.ts';
import type { Collection } from '../store/collection.ts';
import type { Tier } from '../model/throttle.ts';
import type { Store } from '../store/store.ts';
import { HubClock, type Clock } from './clock.ts';
import { DeviceQueues } from './cloud-to-device-queues.ts';
import { HubEvents } from './hub-events.ts';
import { Throttles } from './throttles.ts';

/** When a device or module was last connected, as it is kept; what happens while it is connected is in `Connections`. */
export interface PresenceRecord {
  readonly connected: boolean;
  readonly changedMs: number;
  readonly lastActivityMs: number;
}

/** The subscriptions of a persistent MQTT session: topic filter → granted QoS. */
export interface MqttSession {
  readonly subscriptions: Readonly<Record<string, 0 | 1>>;
}

/** What all operations work on. Keys of `twins`, `presence` and `sessions` are made by `targetKey`. */
export interface HubContext {
  readonly store: Store;
  readonly devices: Collection<DeviceIdentity>;
  readonly modules: Collection<ModuleIdentity>;
  readonly twins: Collection<Twin>;
  readonly presence: Collection<PresenceRecord>;
  readonly sessions: Collection<MqttSession>;
  readonly policies: Collection<SharedAccessPolicy>;
  /** Authorities of device certificates, by name. */
  readonly certificates: Collection<CaCertificate>;
  readonly configurations: Collection<Configuration>;
  readonly jobs: Collection<Job>;
  /** The results of jobs; keys begin with the job's id. */
  readonly deviceJobs: Collection<DeviceJob>;
  /** Imports and exports of identities. */
  readonly transferJobs: Collection<TransferJob>;
  /** Cloud-to-device messages by device. */
  readonly queues: DeviceQueues;
  readonly events: HubEvents;
  readonly throttles: Throttles;
  readonly clock: HubClock;
  /** How far the clock was moved ahead, in milliseconds, under `aheadMs`; kept for the next start. */
  readonly clockSettings: Collection<number>;
  /** The hub's time: `clock.now`. */
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  /** Lower case, without ports: the names that a token may speak of. */
  readonly hostNames: ReadonlySet<string>;
}

/** Opens the collections of a store. */
export function openContext(
  store: Store,
  edges: { now: Clock; randomBytes: RandomBytes; hostNames: readonly string[]; tier?: Tier | undefined },
): HubContext {
  const clockSettings = store.collection<number>('clock');
  const clock = new HubClock(edges.now, clockSettings.get('aheadMs'));
  return {
    store,
    devices: store.collection('devices'),
    modules: store.collection('modules'),
    twins: store.collection('twins'),
    presence: store.collection('presence'),
    sessions: store.collection('sessions'),
    policies: store.collection('policies'),
    certificates: store.collection('certificates'),
    configurations: store.collection('configurations'),
    jobs: store.collection('jobs'),
    deviceJobs: store.collection('deviceJobs'),
    transferJobs: store.collection('transferJobs'),
    queues: new DeviceQueues(store),
    events: new HubEvents(),
    throttles: new Throttles(edges.tier, clock.now),
    clock,
    clockSettings,
    now: clock.now,
    randomBytes: edges.randomBytes,
    hostNames: new Set(edges.hostNames.map((name) => name.toLowerCase())),
  };
}
