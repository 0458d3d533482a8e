import { parseDeviceIdentity } from '../model/device-identity.ts';
import { parseIfMatch, type Precondition } from '../model/etag.ts';
import { HubError } from '../model/hub-error.ts';
import { checkId } from '../model/identifiers.ts';
import { isJsonObject, ownMember, type JsonObject, type JsonValue } from '../model/json.ts';
import { MAX_BULK_DEVICES } from '../model/limits.ts';
import { formatTimestamp, NEVER } from '../model/timestamps.ts';
import { checkPropertySizes } from '../model/twin-limits.ts';
import { mergeValues } from '../model/twin-section.ts';
import { parseTwinChange, patchTwin, type Twin } from '../model/twin.ts';
import type { HubContext } from './hub-context.ts';
import type { IdentityRegistry } from './identity-registry.ts';

/** `isSuccessful` false travels with status 400, but is an answer, not a refusal. */
export interface BulkResult extends JsonObject {
  readonly isSuccessful: boolean;
  readonly errors: readonly JsonObject[];
  readonly warnings: readonly JsonObject[];
}

/** What one item of a batch does, inside the store change of the batch; returns what to tell once it is durable. */
type ItemChange = (deviceId: string, item: JsonObject) => () => void;

/** Registry operations on up to 100 devices at once. @see service-protocol.md, 4.6 */
export class BulkRegistry {
  readonly #context: HubContext;
  readonly #registry: IdentityRegistry;
  readonly #modes: Readonly<Record<string, ItemChange>>;

  constructor(context: HubContext, registry: IdentityRegistry) {
    this.#context = context;
    this.#registry = registry;
    this.#modes = {
      create: (id, item) => this.#create(id, item),
      createorupdate: (id, item) =>
        context.devices.has(id) ? this.#update(id, item, { kind: 'any' }) : this.#create(id, item),
      update: (id, item) => this.#update(id, item, { kind: 'any' }),
      updateifmatchetag: (id, item) => this.#update(id, item, itemPrecondition(item, 'eTag', 'etag')),
      delete: (id) => this.#delete(id, { kind: 'any' }),
      deleteifmatchetag: (id, item) => this.#delete(id, itemPrecondition(item, 'eTag', 'etag')),
      updatetwin: (id, item) => this.#updateTwin(id, item, { kind: 'any' }),
      updatetwinifmatchetag: (id, item) => this.#updateTwin(id, item, itemPrecondition(item, 'twinETag', 'twinEtag')),
    };
  }

  /**
   * Runs a batch. Valid items are applied even when others fail; each failure is listed by its device.
   *
   * @throws HubError ArgumentInvalid for a body that is no array of objects, TooManyDevices over 100
   */
  async run(body: unknown): Promise<BulkResult> {
    const items = parseItems(body);
    const repeated = repeatedIds(items);
    const results = await Promise.all(items.map((item) => this.#runItem(item, repeated)));
    const errors = results.filter((error) => error !== undefined);
    return { isSuccessful: errors.length === 0, errors, warnings: [] };
  }

  async #runItem(item: JsonObject, repeated: ReadonlySet<string>): Promise<JsonObject | undefined> {
    const id = ownMember(item, 'id') ?? ownMember(item, 'deviceId') ?? null;
    const importMode = ownMember(item, 'importMode');
    const mode = typeof importMode === 'string' ? importMode : 'create';
    try {
      const deviceId = checkId('deviceId', id);
      if (repeated.has(deviceId))
        throw new HubError('DeviceDefinedMultipleTimes', `device '${deviceId}' stands in the batch twice`);
      const change = this.#modes[mode.toLowerCase()];
      if (change === undefined) throw new HubError('ArgumentInvalid', `importMode '${mode}' is not known`);
      const tell = await this.#context.store.change(() => change(deviceId, item));
      tell();
      return undefined;
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return { deviceId: id, errorCode: error.code, errorStatus: error.message, operation: mode };
    }
  }

  #create(deviceId: string, item: JsonObject): () => void {
    const input = parseDeviceIdentity(deviceId, { ...item, deviceId }, this.#context.randomBytes);
    const seed = parseTwinChange(item);
    this.#registry.createInChange(deviceId, input);
    const twin = this.#context.twins.get(deviceId);
    if (twin !== undefined) this.#context.twins.put(deviceId, seedTwin(twin, seed));
    return () => this.#context.events.emit('identityCreated', { target: { deviceId } });
  }

  #update(deviceId: string, item: JsonObject, precondition: Precondition): () => void {
    const input = parseDeviceIdentity(deviceId, { ...item, deviceId }, this.#context.randomBytes);
    const device = this.#registry.updateInChange(deviceId, input, precondition);
    const disabled = device.status === 'disabled';
    return () => this.#context.events.emit('identityUpdated', { target: { deviceId }, disabled });
  }

  #delete(deviceId: string, precondition: Precondition): () => void {
    const twin = this.#registry.deleteInChange(deviceId, precondition);
    return () => this.#context.events.emit('identityDeleted', { target: { deviceId }, twin });
  }

  #updateTwin(deviceId: string, item: JsonObject, precondition: Precondition): () => void {
    const change = parseTwinChange(item);
    this.#registry.getDevice(deviceId);
    const before = this.#context.twins.get(deviceId);
    if (before === undefined) throw new HubError('DeviceNotFound', `device '${deviceId}' is not registered`);
    const twin = patchTwin(before, change, precondition, formatTimestamp(this.#context.now()));
    this.#context.twins.put(deviceId, twin);
    return () => this.#context.events.emit('twinUpdated', { twin, change, operation: 'updateTwin' });
  }
}

/** Tags and desired properties that come with a creation: versions and etag stay as of a plain one. service-protocol.md, 4.6 */
function seedTwin(twin: Twin, seed: ReturnType<typeof parseTwinChange>): Twin {
  const tags = mergeValues({}, seed.tags ?? {});
  checkPropertySizes('tags', {}, tags);
  if (seed.desired === undefined || seed.desired === null) return { ...twin, tags };
  const seeded = patchTwin(
    { ...twin, desired: { ...twin.desired, version: 0 } },
    { desired: seed.desired },
    { kind: 'none' },
    NEVER,
  );
  return { ...seeded, etagCounter: twin.etagCounter, tags };
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
  const seen = new Set<JsonValue | undefined>();
  const repeated = new Set<string>();
  for (const item of items) {
    const id = ownMember(item, 'id');
    if (seen.has(id) && typeof id === 'string') repeated.add(id);
    seen.add(id);
  }
  return repeated;
}

/** The etag that an item names; without one the change is unconditional, as recorded for `deleteIfMatchETag`. */
function itemPrecondition(item: JsonObject, ...names: readonly string[]): Precondition {
  const etag = names.map((name) => ownMember(item, name)).find((value) => typeof value === 'string');
  const precondition = parseIfMatch(etag);
  return precondition.kind === 'none' ? { kind: 'any' } : precondition;
}
