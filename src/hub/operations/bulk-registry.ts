import { parseDeviceIdentity } from '../model/device-identity.ts';
import { parseIfMatch, type Precondition } from '../model/etag.ts';
import { HubError } from '../model/hub-error.ts';
import { checkId, describeTarget, targetKey, type Target } from '../model/identifiers.ts';
import { isJsonObject, ownMember, type JsonObject, type JsonValue } from '../model/json.ts';
import { MAX_BULK_DEVICES } from '../model/limits.ts';
import { parseModuleIdentity } from '../model/module-identity.ts';
import { formatTimestamp } from '../model/timestamps.ts';
import { parseTwinChange, patchTwin, seedTwin } from '../model/twin.ts';
import type { HubContext } from './hub-context.ts';
import type { IdentityRegistry } from './identity-registry.ts';
import type { ModuleRegistry, ModuleTarget } from './module-registry.ts';

/** `isSuccessful` false travels with status 400, but is an answer, not a refusal. */
export interface BulkResult extends JsonObject {
  readonly isSuccessful: boolean;
  readonly errors: readonly JsonObject[];
  readonly warnings: readonly JsonObject[];
}

/** What one item of a batch does, inside the store change of the batch; returns what to tell once it is durable. */
type ItemChange = (target: Target, item: JsonObject) => () => void;

/** Registry operations on up to 100 devices and modules at once. @see service-protocol.md, 4.6 */
export class BulkRegistry {
  readonly #context: HubContext;
  readonly #registry: IdentityRegistry;
  readonly #modules: ModuleRegistry;
  /** By import mode in small letters. */
  readonly #modes: ReadonlyMap<string, ItemChange>;

  constructor(context: HubContext, registry: IdentityRegistry, modules: ModuleRegistry) {
    this.#context = context;
    this.#registry = registry;
    this.#modules = modules;
    const modes: Readonly<Record<string, ItemChange>> = {
      create: (target, item) => this.#create(target, item),
      createorupdate: (target, item) =>
        context.twins.has(targetKey(target)) ? this.#update(target, item, { kind: 'any' }) : this.#create(target, item),
      update: (target, item) => this.#update(target, item, { kind: 'any' }),
      updateifmatchetag: (target, item) => this.#update(target, item, itemPrecondition(item, 'eTag', 'etag')),
      delete: (target) => this.#delete(target, { kind: 'any' }),
      deleteifmatchetag: (target, item) => this.#delete(target, itemPrecondition(item, 'eTag', 'etag')),
      updatetwin: (target, item) => this.#updateTwin(target, item, { kind: 'any' }),
      updatetwinifmatchetag: (target, item) =>
        this.#updateTwin(target, item, itemPrecondition(item, 'twinETag', 'twinEtag')),
    };
    this.#modes = new Map(Object.entries(modes));
  }

  /**
   * Runs a batch. Valid items are applied even when others fail; each failure is listed by its device.
   *
   * @throws HubError ArgumentInvalid for a body that is no array of objects, TooManyDevices over 100
   */
  async run(body: unknown): Promise<BulkResult> {
    const items = parseItems(body);
    const repeated = repeatedIds(items);
    const results = await Promise.all(
      items.map((item) =>
        repeated.has(itemKey(item)) ? Promise.resolve(itemError(item, definedTwice(item))) : this.runItem(item),
      ),
    );
    const errors = results.filter((error) => error !== undefined);
    return { isSuccessful: errors.length === 0, errors, warnings: [] };
  }

  #changeOf(mode: string): ItemChange {
    const change = this.#modes.get(mode.toLowerCase());
    if (change === undefined) throw new HubError('ArgumentInvalid', `importMode '${mode}' is not known`);
    return change;
  }

  /** One item by itself, a line of an import file as well. @returns its error, undefined when it was done */
  async runItem(item: JsonObject, defaultMode = 'create'): Promise<JsonObject | undefined> {
    try {
      const target = parseTarget(item);
      const change = this.#changeOf(modeOf(item, defaultMode));
      const tell = await this.#context.store.change(() => change(target, item));
      tell();
      return undefined;
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return itemError(item, error);
    }
  }

  #create(target: Target, item: JsonObject): () => void {
    const seed = parseTwinChange(item);
    if (isModule(target)) this.#modules.createInChange(target, this.#moduleInput(target, item));
    else this.#registry.createInChange(target.deviceId, this.#deviceInput(target, item));
    const twin = this.#context.twins.get(targetKey(target));
    if (twin !== undefined) this.#context.twins.put(targetKey(target), seedTwin(twin, seed));
    return () => this.#context.events.emit('identityCreated', { target });
  }

  /** Of the identity, and of its twin when the item has tags or desired properties. */
  #update(target: Target, item: JsonObject, precondition: Precondition): () => void {
    const disabled = isModule(target)
      ? this.#updateModule(target, item, precondition)
      : this.#registry.updateInChange(target.deviceId, this.#deviceInput(target, item), precondition).status ===
        'disabled';
    const change = parseTwinChange(item);
    const hasTwin = change.tags !== undefined || change.desired !== undefined;
    const tellTwin = hasTwin ? this.#updateTwin(target, item, { kind: 'any' }) : undefined;
    return () => {
      this.#context.events.emit('identityUpdated', { target, disabled });
      tellTwin?.();
    };
  }

  /** Modules cannot be disabled. */
  #updateModule(target: ModuleTarget, item: JsonObject, precondition: Precondition): false {
    this.#modules.updateInChange(target, this.#moduleInput(target, item), precondition);
    return false;
  }

  #delete(target: Target, precondition: Precondition): () => void {
    const twin = isModule(target)
      ? this.#modules.deleteInChange(target, precondition)
      : this.#registry.deleteInChange(target.deviceId, precondition);
    return () => this.#context.events.emit('identityDeleted', { target, twin });
  }

  #updateTwin(target: Target, item: JsonObject, precondition: Precondition): () => void {
    const change = parseTwinChange(item);
    this.#registry.getDevice(target.deviceId);
    const before = this.#context.twins.get(targetKey(target));
    if (before === undefined) throw new HubError('ModuleNotFound', `${describeTarget(target)} is not registered`);
    const twin = patchTwin(before, change, precondition, formatTimestamp(this.#context.now()));
    this.#context.twins.put(targetKey(target), twin);
    return () => this.#context.events.emit('twinUpdated', { twin, before, change, operation: 'updateTwin' });
  }

  #deviceInput({ deviceId }: Target, item: JsonObject): ReturnType<typeof parseDeviceIdentity> {
    return parseDeviceIdentity(deviceId, { ...item, deviceId }, this.#context.randomBytes);
  }

  #moduleInput({ moduleId }: ModuleTarget, item: JsonObject): ReturnType<typeof parseModuleIdentity> {
    return parseModuleIdentity(moduleId, item, this.#context.randomBytes);
  }
}

function isModule(target: Target): target is ModuleTarget {
  return target.moduleId !== undefined;
}

function parseTarget(item: JsonObject): Target {
  const deviceId = checkId('deviceId', deviceIdOf(item));
  const moduleId = ownMember(item, 'moduleId') ?? undefined;
  return moduleId === undefined ? { deviceId } : { deviceId, moduleId: checkId('moduleId', moduleId) };
}

function deviceIdOf(item: JsonObject): JsonValue {
  return ownMember(item, 'id') ?? ownMember(item, 'deviceId') ?? null;
}

function modeOf(item: JsonObject, defaultMode = 'create'): string {
  const importMode = ownMember(item, 'importMode');
  return typeof importMode === 'string' ? importMode : defaultMode;
}

function itemError(item: JsonObject, error: HubError): JsonObject {
  const moduleId = ownMember(item, 'moduleId') ?? undefined;
  return {
    deviceId: deviceIdOf(item),
    ...(moduleId === undefined ? {} : { moduleId }),
    errorCode: error.code,
    errorStatus: error.message,
    operation: modeOf(item),
  };
}

function definedTwice(item: JsonObject): HubError {
  return new HubError('DeviceDefinedMultipleTimes', `${itemKey(item)} stands in the batch twice`);
}

function parseItems(body: unknown): JsonObject[] {
  if (!Array.isArray(body)) throw new HubError('ArgumentInvalid', 'the body must be an array of devices');
  if (body.length === 0) throw new HubError('ArgumentInvalid', 'the array of devices is empty');
  if (body.length > MAX_BULK_DEVICES)
    throw new HubError('TooManyDevices', `a batch may hold ${MAX_BULK_DEVICES} devices, this one has ${body.length}`);
  return body.map((item: unknown) => {
    if (!isJsonObject(item)) throw new HubError('ArgumentInvalid', 'each device must be a JSON object');
    return item;
  });
}

function repeatedIds(items: readonly JsonObject[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const item of items) {
    const key = itemKey(item);
    if (seen.has(key)) repeated.add(key);
    seen.add(key);
  }
  return repeated;
}

function itemKey(item: JsonObject): string {
  const deviceId = deviceIdOf(item);
  const moduleId = ownMember(item, 'moduleId');
  const device = typeof deviceId === 'string' ? deviceId : '';
  return typeof moduleId === 'string' ? `${device}/${moduleId}` : device;
}

/** The etag that an item names; without one the change is unconditional, as recorded for `deleteIfMatchETag`. */
function itemPrecondition(item: JsonObject, ...names: readonly string[]): Precondition {
  const etag = names.map((name) => ownMember(item, name)).find((value) => typeof value === 'string');
  const precondition = parseIfMatch(etag);
  return precondition.kind === 'none' ? { kind: 'any' } : precondition;
}
