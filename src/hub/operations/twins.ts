import type { Precondition } from '../model/etag.ts';
import { HubError } from '../model/hub-error.ts';
import { describeTarget, targetKey, type Target } from '../model/identifiers.ts';
import type { JsonObject } from '../model/json.ts';
import { formatTimestamp } from '../model/timestamps.ts';
import { deviceTwinDocument, twinDocument, type TwinView } from '../model/twin-document.ts';
import { parseTwinChange, patchTwin, replaceTwin, reportProperties, type Twin } from '../model/twin.ts';
import type { Connections } from './connections.ts';
import type { HubContext } from './hub-context.ts';
import type { HubEventMap } from './hub-events.ts';

/** Twins from both sides. */
export class Twins {
  readonly #context: HubContext;
  readonly #connections: Connections;

  constructor(context: HubContext, connections: Connections) {
    this.#context = context;
    this.#connections = connections;
    context.events.on('twinUpdated', (event) => this.#notify(event));
  }

  /** @throws HubError DeviceNotFound, or ModuleNotFound where the device has no such module */
  get(target: Target): Twin {
    const twin = this.#context.twins.get(targetKey(target));
    if (twin !== undefined) return twin;
    const code =
      target.moduleId !== undefined && this.#context.devices.has(target.deviceId) ? 'ModuleNotFound' : 'DeviceNotFound';
    throw new HubError(code, `${describeTarget(target)} is not registered`);
  }

  /** The twin as a service sees it. Throws as {@link get} does. */
  document(target: Target): JsonObject {
    return twinDocument(this.view(this.get(target)));
  }

  /** The twin as its device sees it, behind what the device reported before it asked. Throws as {@link get} does. */
  async deviceDocument(target: Target): Promise<JsonObject> {
    await this.#context.throttles.admit('twinReads');
    await this.#context.store.settled();
    return deviceTwinDocument(this.get(target));
  }

  /** A twin together with what is shown beside it. */
  view(twin: Twin): TwinView {
    const key = targetKey(twin);
    const identity = twin.moduleId === undefined ? this.#context.devices.get(key) : this.#context.modules.get(key);
    if (identity === undefined) throw new Error(`the twin of ${describeTarget(twin)} has no identity`);
    const queuedMessages = twin.moduleId === undefined ? this.#context.queues.count(key) : 0;
    return { twin, identity, presence: this.#connections.presence(key), queuedMessages };
  }

  /**
   * Merges tags and desired properties; tells the device of new desired ones.
   *
   * @returns the whole twin, durable
   * @throws HubError ArgumentInvalid, PreconditionFailed, DeviceNotFound, ModuleNotFound
   */
  patch(target: Target, body: unknown, precondition: Precondition): Promise<JsonObject> {
    return this.#changeByService(target, body, precondition, 'updateTwin');
  }

  /** Replaces the sections that the body names. Returns and throws as {@link patch} does. */
  replace(target: Target, body: unknown, precondition: Precondition): Promise<JsonObject> {
    return this.#changeByService(target, body, precondition, 'replaceTwin');
  }

  /**
   * Merges what the device reports.
   *
   * @returns the new reported `$version`, durable
   * @throws HubError ArgumentInvalid, PreconditionFailed, DeviceNotFound
   */
  async report(target: Target, patch: unknown, ifVersion?: number): Promise<number> {
    await this.#context.throttles.admit('twinUpdates');
    const { twin, before } = await this.#context.store.change(() => {
      const known = this.get(target);
      const reported = reportProperties(known, patch, this.#time(), ifVersion);
      this.#context.twins.put(targetKey(target), reported);
      return { twin: reported, before: known };
    });
    this.#context.events.emit('twinReported', { twin, before, patch: patch as JsonObject });
    return twin.reported.version;
  }

  /** Remembers the Plug and Play model that a device named when it connected. */
  async announceModel(target: Target, modelId: string): Promise<void> {
    if (this.get(target).modelId === modelId) return;
    const change = await this.#context.store.change(() => {
      const before = this.get(target);
      const twin = { ...before, modelId };
      this.#context.twins.put(targetKey(target), twin);
      return { twin, before };
    });
    this.#context.events.emit('modelAnnounced', change);
  }

  async #changeByService(
    target: Target,
    body: unknown,
    precondition: Precondition,
    operation: 'updateTwin' | 'replaceTwin',
  ): Promise<JsonObject> {
    const change = parseTwinChange(body);
    const apply = operation === 'updateTwin' ? patchTwin : replaceTwin;
    const { twin, before, document } = await this.#context.store.change(() => {
      const known = this.get(target);
      const changed = apply(known, change, precondition, this.#time());
      this.#context.twins.put(targetKey(target), changed);
      // A later change of this moment may remove the device.
      return { twin: changed, before: known, document: twinDocument(this.view(changed)) };
    });
    this.#context.events.emit('twinUpdated', { twin, before, change, operation });
    return document;
  }

  /** Tells the device: a patch as it was sent, nulls included; a replaced or cleared section as the whole. */
  #notify({ twin, change, operation }: HubEventMap['twinUpdated']): void {
    if (change.desired === undefined) return;
    const patch = operation === 'updateTwin' ? change.desired : null;
    this.#connections
      .find(twin)
      ?.link.deliverDesired({ ...(patch ?? twin.desired.values), $version: twin.desired.version });
  }

  #time(): string {
    return formatTimestamp(this.#context.now());
  }
}
