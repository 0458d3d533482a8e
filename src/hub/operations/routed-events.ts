import { randomUUID } from 'node:crypto';
import { digitalTwinChanges } from '../model/digital-twin-changes.ts';
import { twinBody, twinReportBody, twinUpdateBody, type EventSource } from '../model/event-notifications.ts';
import { partitionOf } from '../model/event-stamps.ts';
import { targetKey, type Target } from '../model/identifiers.ts';
import type { JsonObject } from '../model/json.ts';
import type { Twin } from '../model/twin.ts';
import { formatTicks, formatTimestamp } from '../model/timestamps.ts';
import type { AppendLog } from '../store/event-log/append-log.ts';
import type { HubContext } from './hub-context.ts';

interface Notification {
  readonly source: EventSource;
  readonly schema: string;
  readonly operation: string;
  readonly target: Target;
  readonly body: JsonObject | readonly JsonObject[];
  readonly contentType?: string;
}

/** Hexadecimal digits of the sequence numbers of connection state events, which compare as text. */
const SEQUENCE_DIGITS = 64;

export interface RoutedEventsOptions {
  readonly hubName: string;
  /** What is told; the others are not even listened for. */
  readonly sources: readonly EventSource[];
}

/** Tells the events endpoint from now on what happens in the hub, as a hub with routes to it does. @see service-protocol.md, 13 */
export function tellRoutedEvents(context: HubContext, log: AppendLog, options: RoutedEventsOptions): void {
  new RoutedEvents(context, log, options).listen(options.sources);
}

class RoutedEvents {
  readonly #context: HubContext;
  readonly #log: AppendLog;
  readonly #hubName: string;
  #lastSequence = 0n;

  constructor(context: HubContext, log: AppendLog, options: RoutedEventsOptions) {
    this.#context = context;
    this.#log = log;
    this.#hubName = options.hubName;
  }

  listen(sources: readonly EventSource[]): void {
    if (sources.includes('twinChangeEvents')) this.#tellTwinChanges();
    if (sources.includes('deviceLifecycleEvents')) this.#tellLifecycle();
    if (sources.includes('deviceConnectionStateEvents')) this.#tellConnectionStates();
    if (sources.includes('digitalTwinChangeEvents')) this.#tellDigitalTwinChanges();
  }

  #tellTwinChanges(): void {
    const told = { source: 'twinChangeEvents', schema: 'twinChangeNotification' } as const;
    this.#context.events.on('twinUpdated', ({ twin, change, operation }) => {
      this.#append({ ...told, operation, target: twin, body: twinUpdateBody(twin, change, operation) });
    });
    this.#context.events.on('twinReported', ({ twin, patch }) => {
      const body = twinReportBody(twin, patch);
      this.#append({ ...told, operation: 'updateTwin', target: twin, body });
    });
  }

  #tellLifecycle(): void {
    const told = { source: 'deviceLifecycleEvents', schema: 'deviceLifecycleNotification' } as const;
    const identityOf = (target: Target): string =>
      target.moduleId === undefined ? 'DeviceIdentity' : 'ModuleIdentity';
    this.#context.events.on('identityCreated', ({ target }) => {
      const twin = this.#context.twins.get(targetKey(target));
      if (twin === undefined) return; // deleted again in the same moment
      this.#append({ ...told, operation: `create${identityOf(target)}`, target, body: twinBody(twin) });
    });
    this.#context.events.on('identityDeleted', ({ target, twin }) => {
      if (twin === undefined) return;
      this.#append({ ...told, operation: `delete${identityOf(target)}`, target, body: twinBody(twin) });
    });
  }

  #tellConnectionStates(): void {
    const told = { source: 'deviceConnectionStateEvents', schema: 'deviceConnectionStateNotification' } as const;
    const tell = (operation: string, target: Target): void => {
      this.#append({ ...told, operation, target, body: { sequenceNumber: this.#nextSequence() } });
    };
    this.#context.events.on('connected', ({ target }) => tell('deviceConnected', target));
    this.#context.events.on('disconnected', ({ target }) => tell('deviceDisconnected', target));
  }

  #tellDigitalTwinChanges(): void {
    const told = {
      source: 'digitalTwinChangeEvents',
      schema: 'digitalTwinChangeNotification',
      operation: 'updateTwin',
      contentType: 'application/json-patch+json',
    } as const;
    const tell = ({ twin, before }: { twin: Twin; before: Twin }): void => {
      const body = digitalTwinChanges(before, twin);
      if (body.length > 0) this.#append({ ...told, target: twin, body });
    };
    this.#context.events.on('twinUpdated', tell);
    this.#context.events.on('twinReported', tell);
    this.#context.events.on('modelAnnounced', tell);
  }

  /** Not waited for: what happened is durable already, and is told once. */
  #append({ source, schema, operation, target, body, contentType = 'application/json' }: Notification): void {
    const { deviceId, moduleId } = target;
    const stamps = {
      'iothub-connection-device-id': deviceId,
      ...(moduleId === undefined ? {} : { 'iothub-connection-module-id': moduleId }),
      'iothub-message-source': source,
    };
    this.#log.append(partitionOf(deviceId, this.#log.partitionIds.length), JSON.stringify(stamps), {
      body: Buffer.from(JSON.stringify(body)),
      systemProperties: {
        'content-type': contentType,
        'content-encoding': 'utf-8',
        'correlation-id': randomUUID(),
        'user-id': this.#hubName,
      },
      properties: {
        hubName: this.#hubName,
        deviceId,
        ...(moduleId === undefined ? {} : { moduleId }),
        operationTimestamp: formatTimestamp(this.#context.now()),
        opType: operation,
        'iothub-message-schema': schema,
      },
    });
  }

  /** Grows over restarts too: .NET ticks, or one more than the last. */
  #nextSequence(): string {
    const ticks = BigInt(formatTicks(this.#context.now()));
    this.#lastSequence = ticks > this.#lastSequence ? ticks : this.#lastSequence + 1n;
    return this.#lastSequence.toString(16).toUpperCase().padStart(SEQUENCE_DIGITS, '0');
  }
}
