import { checkDeviceMessage, messageSize, type DeviceMessage } from '../model/device-message.ts';
import { partitionOf, stampsOf } from '../model/event-stamps.ts';
import type { AppendedBatch } from '../model/event.ts';
import { targetKey, type Target } from '../model/identifiers.ts';
import { MAX_TELEMETRY_BYTES } from '../model/limits.ts';
import type { AppendLog } from '../store/event-log/append-log.ts';
import type { AuthenticatedDevice } from './authorization.ts';
import type { Connections } from './connections.ts';
import type { HubContext } from './hub-context.ts';

/** A proven sender of telemetry, with what the hub says about it in each of its messages: made once a connection. */
export interface TelemetrySource {
  readonly key: string;
  readonly partition: number;
  /** Annotations that the hub stamps, as JSON. */
  readonly stamps: string;
}

/** All that messages of one sender with the same properties have in common, worked out once. */
export interface PreparedTelemetry {
  readonly source: TelemetrySource;
  readonly encoded: Buffer;
  readonly maxBodyBytes: number;
}

const NO_BODY = Buffer.alloc(0);

/** Device-to-cloud messages. */
export class Telemetry {
  readonly #context: HubContext;
  readonly #connections: Connections;
  readonly #log: AppendLog;

  constructor(context: HubContext, connections: Connections, log: AppendLog) {
    this.#context = context;
    this.#connections = connections;
    this.#log = log;
  }

  /**
   * What {@link accept} needs to know of a sender.
   *
   * @param modelId the Plug and Play model that it named when it connected; '' = none
   */
  sourceOf(device: AuthenticatedDevice, modelId = ''): TelemetrySource {
    const { target } = device;
    const generationId = this.#generationId(target);
    return {
      key: targetKey(target),
      partition: partitionOf(target.deviceId, this.#log.partitionIds.length),
      stamps: JSON.stringify(stampsOf({ target, generationId, scope: device.scope, type: device.type, modelId })),
    };
  }

  /**
   * Takes a message of a device or module. Synchronous, since this is what a hub does most.
   *
   * @returns the batch that the message is stored with: acknowledge behind its `whenStored`. All messages of one moment share
   *   one. Undefined when nothing is to be waited for.
   * @throws HubError MessageTooLarge, IotHubQuotaExceeded, ThrottlingException
   */
  accept(source: TelemetrySource, message: DeviceMessage): AppendedBatch | undefined {
    checkDeviceMessage(message);
    this.#context.throttles.countTelemetry(message.body.length);
    this.#connections.heardFrom(source.key);
    return this.#log.append(source.partition, source.stamps, message);
  }

  /** For messages that will come again and again with the same properties. */
  prepare(source: TelemetrySource, properties: Omit<DeviceMessage, 'body'>): PreparedTelemetry {
    return {
      source,
      encoded: this.#log.prepare(source.stamps, properties),
      maxBodyBytes: MAX_TELEMETRY_BYTES - messageSize({ ...properties, body: NO_BODY }),
    };
  }

  /** As {@link accept}; the caller keeps to `maxBodyBytes`. */
  acceptPrepared({ source, encoded }: PreparedTelemetry, body: Buffer): AppendedBatch | undefined {
    this.#context.throttles.countTelemetry(body.length);
    this.#connections.heardFrom(source.key);
    return this.#log.appendPrepared(source.partition, encoded, body);
  }

  /** Takes the messages of one request together. Resolves once they are stored. @throws HubError MessageTooLarge: then none is */
  async acceptAll(source: TelemetrySource, messages: readonly DeviceMessage[]): Promise<void> {
    for (const message of messages) checkDeviceMessage(message);
    const batches = new Set(messages.map((message) => this.accept(source, message)));
    for (const batch of batches) if (batch !== undefined) await stored(batch);
  }

  #generationId(target: Target): string {
    const { devices, modules } = this.#context;
    const identity = target.moduleId === undefined ? devices.get(target.deviceId) : modules.get(targetKey(target));
    return identity?.generationId ?? '';
  }
}

function stored(batch: AppendedBatch): Promise<void> {
  return new Promise((resolve, reject) => {
    batch.whenStored((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
