import { randomBytes } from 'node:crypto';
import type { EventSource } from './model/event-notifications.ts';
import { MAX_CONFIGURATIONS } from './model/configuration.ts';
import type { EventLog } from './model/event.ts';
import { FILE_NOTIFICATION_CONTENT_TYPE } from './model/file-upload.ts';
import type { Tier } from './model/throttle.ts';
import { newPolicies } from './model/shared-access-policy.ts';
import { Authorization } from './operations/authorization.ts';
import { BulkRegistry } from './operations/bulk-registry.ts';
import { CloudToDevice } from './operations/cloud-to-device.ts';
import { Certificates, type TrustedAuthority } from './operations/certificates.ts';
import { Configurations } from './operations/configurations.ts';
import { Connections } from './operations/connections.ts';
import { DigitalTwins } from './operations/digital-twins.ts';
import { DirectMethods } from './operations/direct-methods.ts';
import { ServiceQueue } from './operations/feedback-queue.ts';
import { Feedback } from './operations/feedback.ts';
import type { Clock, HubClock } from './operations/clock.ts';
import { FileUploads } from './operations/file-upload.ts';
import { UploadStorage, type FileUploadOptions } from './operations/file-upload-storage.ts';
import { openContext, type HubContext } from './operations/hub-context.ts';
import { EventReceivers } from './operations/event-receivers.ts';
import type { HubEvents } from './operations/hub-events.ts';
import { identityTransfer } from './operations/identity-transfer.ts';
import { IdentityRegistry } from './operations/identity-registry.ts';
import { Jobs } from './operations/jobs.ts';
import { ModuleRegistry } from './operations/module-registry.ts';
import { MqttSessions } from './operations/mqtt-sessions.ts';
import { Queries } from './operations/queries.ts';
import { tellRoutedEvents } from './operations/routed-events.ts';
import { Telemetry } from './operations/telemetry.ts';
import { TransferJobs } from './operations/transfer-jobs.ts';
import type { Throttles } from './operations/throttles.ts';
import { Twins } from './operations/twins.ts';
import type { AppendLog } from './store/event-log/append-log.ts';
import { openEventLog, type EventLogOptions } from './store/event-log/event-log-options.ts';
import type { Journal } from './store/journal.ts';
import { Store } from './store/store.ts';

export interface HubOptions {
  readonly journal: Journal;
  /** The names this hub answers to, the first one for connection strings. */
  readonly hostNames: readonly [string, ...string[]];
  /** Real time; the hub's own can be ahead of it. */
  readonly now?: Clock;
  /** Where and how long telemetry is kept; default: in memory. */
  readonly eventLog?: EventLogOptions;
  /** What the events endpoint tells besides telemetry; default: nothing, as a hub without routes. */
  readonly routes?: readonly EventSource[];
  /** Where devices upload files to; without it uploads are refused. */
  readonly fileUpload?: FileUploadOptions | undefined;
  /** Authorities of device certificates, besides those that its owner registers. */
  readonly deviceAuthorities?: readonly TrustedAuthority[] | undefined;
  /** Throttles and the daily quota of one unit of this edition; default: neither. */
  readonly tier?: Tier | undefined;
  /** Told of faults that no caller hears of. */
  readonly onFault?: (error: unknown) => void;
}

/** How late an expiry may be noticed. */
const SWEEP_MS = 500;

/** As many as the largest tier runs. service-protocol.md, "Jobs v2" */
const MAX_RUNNING_JOBS = 10;

/** The hub's operations: the one face that front ends and tests call. */
export class Hub {
  readonly hostName: string;
  readonly now: Clock;
  /** The hub's time, for who waits for a moment of it; it is moved by {@link Hub.advanceTime}. */
  readonly clock: HubClock;
  readonly events: HubEvents;
  readonly authorization: Authorization;
  readonly connections: Connections;
  readonly throttles: Throttles;
  readonly registry: IdentityRegistry;
  readonly modules: ModuleRegistry;
  readonly bulk: BulkRegistry;
  readonly twins: Twins;
  readonly methods: DirectMethods;
  readonly digitalTwins: DigitalTwins;
  readonly queries: Queries;
  readonly certificates: Certificates;
  readonly configurations: Configurations;
  readonly jobs: Jobs;
  /** Imports and exports of identities. */
  readonly transfers: TransferJobs;
  readonly telemetry: Telemetry;
  readonly sessions: MqttSessions;
  readonly cloudToDevice: CloudToDevice;
  readonly feedback: Feedback;
  readonly fileUploads: FileUploads;
  /** What services receive of file uploads. */
  readonly fileNotifications: ServiceQueue;
  /** What the Event Hubs-compatible endpoint shows. */
  readonly eventLog: EventLog;
  /** Who reads it. */
  readonly eventReceivers = new EventReceivers();
  readonly #context: HubContext;
  readonly #log: AppendLog;
  readonly #sweeping: NodeJS.Timeout;

  private constructor(context: HubContext, options: HubOptions, log: AppendLog) {
    const {
      hostNames: [hostName],
      onFault,
      fileUpload,
      routes = [],
    } = options;
    this.#context = context;
    this.#log = log;
    this.eventLog = log;
    this.hostName = hostName;
    this.clock = context.clock;
    this.now = context.now;
    this.events = context.events;
    this.throttles = context.throttles;
    this.authorization = new Authorization(context);
    this.connections = new Connections(context);
    this.registry = new IdentityRegistry(context, this.connections);
    this.modules = new ModuleRegistry(context, this.connections, this.registry);
    this.bulk = new BulkRegistry(context, this.registry, this.modules);
    this.twins = new Twins(context, this.connections);
    this.methods = new DirectMethods(this.connections, this.twins);
    this.digitalTwins = new DigitalTwins(this.twins, this.methods);
    this.queries = new Queries(context, this.twins);
    this.certificates = new Certificates(context);
    this.configurations = new Configurations({
      context,
      queries: this.queries,
      registry: this.registry,
      modules: this.modules,
      maxConfigurations: context.throttles.limits?.configurations ?? MAX_CONFIGURATIONS,
      onFault: (error) => onFault?.(error),
    });
    this.transfers = new TransferJobs(context, identityTransfer(context, this.bulk, this.configurations));
    this.jobs = new Jobs({
      context,
      twins: this.twins,
      methods: this.methods,
      queries: this.queries,
      newOrder: () => this.registry.newGenerationId(),
      pace: () => context.throttles.pace('jobDevices'),
      maxRunning: context.throttles.limits?.activeJobs ?? MAX_RUNNING_JOBS,
      refuseMore: context.throttles.limits !== undefined,
      onFault: (error) => onFault?.(error),
    });
    this.telemetry = new Telemetry(context, this.connections, log);
    this.sessions = new MqttSessions(context);
    tellRoutedEvents(context, log, { hubName: hostName, sources: routes });
    this.feedback = new Feedback(context, hostName);
    this.cloudToDevice = new CloudToDevice(context, this.connections, this.feedback);
    this.fileNotifications = new ServiceQueue(context, {
      collection: 'fileNotifications',
      contentType: FILE_NOTIFICATION_CONTENT_TYPE,
      userId: hostName,
    });
    const storage = fileUpload === undefined ? undefined : new UploadStorage(fileUpload);
    this.fileUploads = new FileUploads(context, this.fileNotifications, storage);
    this.#sweeping = setInterval(() => void this.sweep().catch((error: unknown) => onFault?.(error)), SWEEP_MS).unref();
  }

  /** Opens a hub on what its journal holds; an empty one gets the default policies. */
  static async open(options: HubOptions): Promise<Hub> {
    const store = new Store(options.journal);
    const context = openContext(store, {
      now: options.now ?? Date.now,
      randomBytes,
      hostNames: options.hostNames,
      tier: options.tier,
    });
    if (context.policies.size === 0) {
      await store.change(() => {
        for (const policy of newPolicies(randomBytes)) context.policies.put(policy.name, policy);
      });
    }
    const onFault = options.onFault ?? (() => undefined);
    const hub = new Hub(context, options, openEventLog(options.eventLog ?? {}, { now: context.now, onFault }));
    await hub.connections.forgetConnected();
    await hub.certificates.trust(options.deviceAuthorities ?? []);
    await hub.configurations.resume();
    await hub.jobs.resume();
    await hub.transfers.resume();
    return hub;
  }

  /** Whether a host name, with or without a port, is this hub's. */
  answersTo(hostName: string): boolean {
    return this.#context.hostNames.has(hostName.toLowerCase().replace(/:\d+$/, ''));
  }

  /**
   * Removes all devices, with all that belongs to them and all that they said; policies and authorities stay. The clock runs on, and
   * is back at real time when the hub starts again.
   */
  async reset(): Promise<void> {
    await this.jobs.reset();
    await this.transfers.reset();
    await this.configurations.reset();
    const devices = [...this.#context.devices.entries()];
    await Promise.all(devices.map(([deviceId]) => this.registry.deleteDevice(deviceId, { kind: 'any' })));
    await this.feedback.reset();
    await this.fileNotifications.reset();
    await this.fileUploads.reset();
    const { store, clockSettings } = this.#context;
    await store.change(() => clockSettings.delete('aheadMs'));
    this.#log.clear(); // last: the end of each device has been told there too
  }

  /** Does what time alone brings: expiry, lost locks, feedback, retention. Runs by itself; whoever moves the clock calls it. */
  async sweep(): Promise<void> {
    this.#log.sweep();
    await this.cloudToDevice.sweep();
    await this.feedback.sweep();
    await this.fileNotifications.sweep();
    await this.jobs.sweep();
    await this.fileUploads.sweep();
  }

  /** Moves the hub's time ahead; what is due then has been done when this resolves. @throws HubError ArgumentInvalid */
  async advanceTime(ms: number): Promise<void> {
    this.clock.advance(ms);
    const { store, clockSettings } = this.#context;
    await store.change(() => clockSettings.put('aheadMs', this.clock.aheadMs));
    await this.sweep();
  }

  /** Ends all connections and lets go of the journal; what was acknowledged is kept. */
  close(): void {
    clearInterval(this.#sweeping);
    this.jobs.close();
    this.transfers.close();
    this.configurations.close();
    this.connections.closeAll('stopping');
    // Committed by the store when it closes.
    void this.connections.keepPresence().catch(() => undefined);
    this.#log.close();
    this.#context.store.close();
  }
}
