import { randomBytes } from 'node:crypto';
import { newPolicies } from './model/shared-access-policy.ts';
import { Authorization } from './operations/authorization.ts';
import { BulkRegistry } from './operations/bulk-registry.ts';
import { Connections } from './operations/connections.ts';
import { DirectMethods } from './operations/direct-methods.ts';
import { openContext, type Clock, type HubContext } from './operations/hub-context.ts';
import type { HubEvents } from './operations/hub-events.ts';
import { IdentityRegistry } from './operations/identity-registry.ts';
import { ModuleRegistry } from './operations/module-registry.ts';
import { MqttSessions } from './operations/mqtt-sessions.ts';
import { Queries } from './operations/queries.ts';
import { Telemetry } from './operations/telemetry.ts';
import { Twins } from './operations/twins.ts';
import type { Journal } from './store/journal.ts';
import { Store } from './store/store.ts';

export interface HubOptions {
  readonly journal: Journal;
  /** The names this hub answers to, the first one for connection strings. */
  readonly hostNames: readonly [string, ...string[]];
  readonly now?: Clock;
}

/** The hub's operations: the one face that front ends and tests call. */
export class Hub {
  readonly hostName: string;
  readonly now: Clock;
  readonly events: HubEvents;
  readonly authorization: Authorization;
  readonly connections: Connections;
  readonly registry: IdentityRegistry;
  readonly modules: ModuleRegistry;
  readonly bulk: BulkRegistry;
  readonly twins: Twins;
  readonly methods: DirectMethods;
  readonly queries: Queries;
  readonly telemetry: Telemetry;
  readonly sessions: MqttSessions;
  readonly #context: HubContext;

  private constructor(context: HubContext, hostName: string) {
    this.#context = context;
    this.hostName = hostName;
    this.now = context.now;
    this.events = context.events;
    this.authorization = new Authorization(context);
    this.connections = new Connections(context);
    this.registry = new IdentityRegistry(context, this.connections);
    this.modules = new ModuleRegistry(context, this.connections, this.registry);
    this.bulk = new BulkRegistry(context, this.registry);
    this.twins = new Twins(context, this.connections);
    this.methods = new DirectMethods(this.connections, this.twins);
    this.queries = new Queries(context, this.twins);
    this.telemetry = new Telemetry(this.connections);
    this.sessions = new MqttSessions(context);
  }

  /** Opens a hub on what its journal holds; an empty one gets the default policies. */
  static async open(options: HubOptions): Promise<Hub> {
    const store = new Store(options.journal);
    const context = openContext(store, { now: options.now ?? Date.now, randomBytes, hostNames: options.hostNames });
    if (context.policies.size === 0) {
      await store.change(() => {
        for (const policy of newPolicies(randomBytes)) context.policies.put(policy.name, policy);
      });
    }
    const hub = new Hub(context, options.hostNames[0]);
    await hub.connections.forgetConnected();
    return hub;
  }

  /** Whether a host name, with or without a port, is this hub's. */
  answersTo(hostName: string): boolean {
    return this.#context.hostNames.has(hostName.toLowerCase().replace(/:\d+$/, ''));
  }

  /** Removes all devices with all that belongs to them; policies stay. */
  async reset(): Promise<void> {
    const devices = [...this.#context.devices.entries()];
    await Promise.all(devices.map(([deviceId]) => this.registry.deleteDevice(deviceId, { kind: 'any' })));
  }

  /** Ends all connections and lets go of the journal; what was acknowledged is kept. */
  close(): void {
    this.connections.closeAll('stopping');
    this.#context.store.close();
  }
}
