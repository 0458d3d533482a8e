import { decimalEtag, meetsPrecondition, type Precondition } from '../model/etag.ts';
import { HubError } from '../model/hub-error.ts';
import { describeTarget, targetKey, type Target } from '../model/identifiers.ts';
import type { JsonObject } from '../model/json.ts';
import { MAX_MODULES_PER_DEVICE } from '../model/limits.ts';
import {
  moduleDocument,
  parseModuleIdentity,
  type ModuleIdentity,
  type ModuleIdentityInput,
} from '../model/module-identity.ts';
import { NEVER } from '../model/timestamps.ts';
import { newTwin, type Twin } from '../model/twin.ts';
import type { Connections } from './connections.ts';
import type { HubContext } from './hub-context.ts';
import type { IdentityRegistry } from './identity-registry.ts';

export type ModuleTarget = Target & { readonly moduleId: string };

/** Module identities. @see service-protocol.md, 4.5 */
export class ModuleRegistry {
  readonly #context: HubContext;
  readonly #connections: Connections;
  readonly #devices: IdentityRegistry;

  constructor(context: HubContext, connections: Connections, devices: IdentityRegistry) {
    this.#context = context;
    this.#connections = connections;
    this.#devices = devices;
  }

  /** @throws HubError DeviceNotFound, ModuleNotFound */
  document(target: ModuleTarget): JsonObject {
    return this.#document(this.#get(target));
  }

  /** The modules of a device. @throws HubError DeviceNotFound */
  list(deviceId: string): JsonObject[] {
    return this.#devices.modulesOf(deviceId).map((module) => this.#document(module));
  }

  /**
   * Creates a module (no precondition) or updates it.
   *
   * @throws HubError DeviceNotFound, ModuleAlreadyExistsOnDevice, ModuleNotFound, PreconditionFailed, TooManyModulesOnDevice
   */
  async put(target: ModuleTarget, body: unknown, precondition: Precondition): Promise<JsonObject> {
    const input = parseModuleIdentity(target.moduleId, body, this.#context.randomBytes);
    const create = precondition.kind === 'none';
    const module = await this.#context.store.change(() =>
      create ? this.createInChange(target, input) : this.updateInChange(target, input, precondition),
    );
    if (create) this.#context.events.emit('identityCreated', { target });
    else this.#context.events.emit('identityUpdated', { target, disabled: false });
    return this.#document(module);
  }

  /** @throws HubError DeviceNotFound, ModuleNotFound, PreconditionFailed */
  async delete(target: ModuleTarget, precondition: Precondition): Promise<void> {
    const twin = await this.#context.store.change(() => this.deleteInChange(target, precondition));
    this.#context.events.emit('identityDeleted', { target, twin });
  }

  /** The part of a creation that runs inside `Store.change`; bulk operations join several. */
  createInChange(target: ModuleTarget, input: ModuleIdentityInput): ModuleIdentity {
    const siblings = this.#devices.modulesOf(target.deviceId);
    if (this.#context.modules.has(targetKey(target))) throw new HubError('ModuleAlreadyExistsOnDevice', 'Conflict');
    if (siblings.length >= MAX_MODULES_PER_DEVICE) {
      throw new HubError(
        'TooManyModulesOnDevice',
        `device '${target.deviceId}' has ${MAX_MODULES_PER_DEVICE} modules already`,
      );
    }
    this.#devices.checkRoom();
    const facts = { generationId: this.#devices.newGenerationId(), etagCounter: this.#devices.newEtagCounter() };
    const module: ModuleIdentity = { ...target, ...facts, ...input };
    this.#context.modules.put(targetKey(target), module);
    // A new module's sections show the never-set time, a device's its creation. service-protocol.md, 5.2
    this.#context.twins.put(targetKey(target), newTwin(target, NEVER));
    return module;
  }

  /** The part of an update that runs inside `Store.change`. */
  updateInChange(target: ModuleTarget, input: ModuleIdentityInput, precondition: Precondition): ModuleIdentity {
    const before = this.#get(target);
    checkEtag(before, precondition);
    const module = { ...before, ...input, etagCounter: before.etagCounter + 1 };
    this.#context.modules.put(targetKey(target), module);
    return module;
  }

  /** The part of a deletion that runs inside `Store.change`. Returns the last twin. */
  deleteInChange(target: ModuleTarget, precondition: Precondition): Twin | undefined {
    checkEtag(this.#get(target), precondition);
    const key = targetKey(target);
    const twin = this.#context.twins.get(key);
    this.#context.modules.delete(key);
    this.#context.twins.delete(key);
    this.#context.presence.delete(key);
    this.#context.sessions.delete(key);
    return twin;
  }

  #get(target: ModuleTarget): ModuleIdentity {
    this.#devices.getDevice(target.deviceId);
    const module = this.#context.modules.get(targetKey(target));
    if (module === undefined) throw new HubError('ModuleNotFound', `${describeTarget(target)} is not registered`);
    return module;
  }

  #document(module: ModuleIdentity): JsonObject {
    return moduleDocument(module, this.#connections.presence(targetKey(module)));
  }
}

function checkEtag(module: ModuleIdentity, precondition: Precondition): void {
  if (!meetsPrecondition(precondition, decimalEtag(module.etagCounter))) {
    throw new HubError('PreconditionFailed', 'PreconditionFailed');
  }
}
