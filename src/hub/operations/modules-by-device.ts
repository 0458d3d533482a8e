import type { ModuleIdentity } from '../model/module-identity.ts';

/** Which modules each device has: a hub may hold a hundred thousand, and a device at most 50. */
export class ModulesByDevice {
  readonly #modules = new Map<string, Map<string, ModuleIdentity>>();

  find(deviceId: string): ModuleIdentity[] {
    return [...(this.#modules.get(deviceId)?.values() ?? [])];
  }

  /** Follows one change of the collection. */
  update(before: ModuleIdentity | undefined, after: ModuleIdentity | undefined): void {
    if (after !== undefined) {
      const siblings = this.#modules.get(after.deviceId) ?? new Map<string, ModuleIdentity>();
      this.#modules.set(after.deviceId, siblings.set(after.moduleId, after));
      return;
    }
    if (before === undefined) return;
    const siblings = this.#modules.get(before.deviceId);
    siblings?.delete(before.moduleId);
    if (siblings?.size === 0) this.#modules.delete(before.deviceId);
  }
}
