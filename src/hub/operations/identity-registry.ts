import {
  createDeviceIdentity,
  deviceDocument,
  parseDeviceIdentity,
  updateDeviceIdentity,
  type DeviceIdentity,
  type DeviceIdentityInput,
} from '../model/device-identity.ts';
import { decimalEtag, meetsPrecondition, type Precondition } from '../model/etag.ts';
import { HubError } from '../model/hub-error.ts';
import { targetKey } from '../model/identifiers.ts';
import type { JsonObject } from '../model/json.ts';
import { MAX_IDENTITIES, MAX_LIST_DEVICES } from '../model/limits.ts';
import type { ModuleIdentity } from '../model/module-identity.ts';
import { formatTicks, formatTimestamp, NEVER } from '../model/timestamps.ts';
import { newTwin, type Twin } from '../model/twin.ts';
import type { Connections } from './connections.ts';
import type { HubContext } from './hub-context.ts';
import { ModulesByDevice } from './modules-by-device.ts';

/** Etags start anywhere below this, so that nobody relies on the first one. */
const MAX_FIRST_ETAG = 1_000_000_000;

const EDGE_MODULES = ['$edgeAgent', '$edgeHub'] as const;

/** Device identities. @see service-protocol.md, "Identity registry" */
export class IdentityRegistry {
  readonly #context: HubContext;
  readonly #connections: Connections;
  readonly #modulesByDevice = new ModulesByDevice();
  #lastTicks = 0n;

  constructor(context: HubContext, connections: Connections) {
    this.#context = context;
    this.#connections = connections;
    for (const module of context.modules.values()) this.#modulesByDevice.update(undefined, module);
    context.modules.onChange((_key, before, after) => this.#modulesByDevice.update(before, after));
  }

  /** The modules of a device, in the order of creation. @throws HubError DeviceNotFound */
  modulesOf(deviceId: string): ModuleIdentity[] {
    this.getDevice(deviceId);
    return this.#modulesByDevice.find(deviceId);
  }

  hasDevice(deviceId: string): boolean {
    return this.#context.devices.has(deviceId);
  }

  /** @throws HubError DeviceNotFound */
  getDevice(deviceId: string): DeviceIdentity {
    const device = this.#context.devices.get(deviceId);
    if (device === undefined) throw new HubError('DeviceNotFound', `device '${deviceId}' is not registered`);
    return device;
  }

  /** The identity as the registry shows it. Throws as {@link getDevice} does. */
  deviceDocument(deviceId: string): JsonObject {
    return this.#document(this.getDevice(deviceId));
  }

  /** @param top how many; outside 1 to 1000 means 1000 */
  listDevices(top: number): JsonObject[] {
    const limit = top >= 1 && top <= MAX_LIST_DEVICES ? top : MAX_LIST_DEVICES;
    const documents: JsonObject[] = [];
    for (const device of this.#context.devices.values()) {
      if (documents.length >= limit) break;
      documents.push(this.#document(device));
    }
    return documents;
  }

  /**
   * Creates a device (no precondition) or updates it.
   *
   * @throws HubError DeviceAlreadyExists, DeviceNotFound, PreconditionFailed, ArgumentInvalid
   * @see service-protocol.md, 4.3
   */
  async putDevice(deviceId: string, body: unknown, precondition: Precondition): Promise<JsonObject> {
    const input = parseDeviceIdentity(deviceId, body, this.#context.randomBytes);
    const create = precondition.kind === 'none';
    const device = await this.#context.store.change(() =>
      create ? this.createInChange(deviceId, input) : this.updateInChange(deviceId, input, precondition),
    );
    if (create) this.#context.events.emit('identityCreated', { target: { deviceId } });
    else this.#context.events.emit('identityUpdated', { target: { deviceId }, disabled: device.status === 'disabled' });
    return this.#document(device);
  }

  /** @throws HubError DeviceNotFound, PreconditionFailed */
  async deleteDevice(deviceId: string, precondition: Precondition): Promise<void> {
    const twin = await this.#context.store.change(() => this.deleteInChange(deviceId, precondition));
    this.#context.events.emit('identityDeleted', { target: { deviceId }, twin });
  }

  /** Counts of `/statistics/devices`. */
  deviceStatistics(): JsonObject {
    let disabled = 0;
    for (const device of this.#context.devices.values()) if (device.status === 'disabled') disabled += 1;
    const total = this.#context.devices.size;
    return { totalDeviceCount: total, enabledDeviceCount: total - disabled, disabledDeviceCount: disabled };
  }

  /** The part of a creation that runs inside `Store.change`; bulk operations join several. */
  createInChange(deviceId: string, input: DeviceIdentityInput): DeviceIdentity {
    if (this.#context.devices.has(deviceId)) throw new HubError('DeviceAlreadyExists', 'Conflict');
    this.#checkScope(input);
    this.checkRoom();
    const facts = { generationId: this.newGenerationId(), etagCounter: this.newEtagCounter() };
    const device = createDeviceIdentity(deviceId, input, facts);
    this.#context.devices.put(deviceId, device);
    this.#context.twins.put(deviceId, newTwin({ deviceId }, formatTimestamp(this.#context.now())));
    this.#equipEdge(device);
    return device;
  }

  /** The part of an update that runs inside `Store.change`. */
  updateInChange(deviceId: string, input: DeviceIdentityInput, precondition: Precondition): DeviceIdentity {
    const before = this.getDevice(deviceId);
    checkEtag(before, precondition);
    this.#checkScope(input);
    const device = updateDeviceIdentity(before, input, this.#context.now());
    this.#context.devices.put(deviceId, device);
    this.#equipEdge(device);
    return device;
  }

  /** The part of a deletion that runs inside `Store.change`: identity, modules, twins, sessions, queue. Returns the last twin. */
  deleteInChange(deviceId: string, precondition: Precondition): Twin | undefined {
    checkEtag(this.getDevice(deviceId), precondition);
    const twin = this.#context.twins.get(deviceId);
    for (const module of this.modulesOf(deviceId)) this.#forget(targetKey(module));
    this.#forget(deviceId);
    this.#context.queues.dropInChange(deviceId);
    return twin;
  }

  /** .NET ticks of now; two devices of one moment differ in the last digits. */
  newGenerationId(): string {
    const ticks = BigInt(formatTicks(this.#context.now()));
    this.#lastTicks = ticks > this.#lastTicks ? ticks : this.#lastTicks + 1n;
    return this.#lastTicks.toString();
  }

  newEtagCounter(): number {
    return 1 + (this.#context.randomBytes(4).readUInt32BE() % MAX_FIRST_ETAG);
  }

  /** @throws HubError TooManyDevices */
  checkRoom(): void {
    const { devices, modules, throttles } = this.#context;
    const limit = throttles.limits?.identities ?? MAX_IDENTITIES;
    if (devices.size + modules.size >= limit) {
      throw new HubError('TooManyDevices', `the hub has ${limit} devices and modules already`);
    }
  }

  /** A leaf device stands below an edge device that there is. */
  #checkScope({ iotEdge, deviceScope }: DeviceIdentityInput): void {
    if (iotEdge || deviceScope === undefined || deviceScope === '') return;
    const parentId = /^ms-azure-iot-edge:\/\/(.+)-\d+$/.exec(deviceScope)?.[1] ?? '';
    if (this.#context.devices.get(parentId)?.deviceScope !== deviceScope) {
      throw new HubError('InvalidDeviceScope', `deviceScope '${deviceScope}' is not that of an edge device`);
    }
  }

  /** An edge device has its two system modules from the beginning. service-protocol.md, 4.5 */
  #equipEdge({ deviceId, iotEdge }: DeviceIdentity): void {
    if (!iotEdge) return;
    for (const moduleId of EDGE_MODULES) {
      const target = { deviceId, moduleId };
      if (this.#context.modules.has(targetKey(target))) continue;
      const facts = { generationId: this.newGenerationId(), etagCounter: this.newEtagCounter() };
      this.#context.modules.put(targetKey(target), {
        ...target,
        ...facts,
        managedBy: null,
        authentication: { type: 'none' },
      });
      this.#context.twins.put(targetKey(target), newTwin(target, NEVER));
    }
  }

  #forget(key: string): void {
    this.#context.devices.delete(key);
    this.#context.modules.delete(key);
    this.#context.twins.delete(key);
    this.#context.presence.delete(key);
    this.#context.sessions.delete(key);
  }

  #document(device: DeviceIdentity): JsonObject {
    return deviceDocument(
      device,
      this.#connections.presence(device.deviceId),
      this.#context.queues.count(device.deviceId),
    );
  }
}

function checkEtag(device: DeviceIdentity, precondition: Precondition): void {
  if (!meetsPrecondition(precondition, decimalEtag(device.etagCounter))) {
    throw new HubError('PreconditionFailed', 'PreconditionFailed');
  }
}
