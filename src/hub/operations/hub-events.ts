import type { Target } from '../model/identifiers.ts';
import type { JsonObject } from '../model/json.ts';
import type { Twin, TwinChange } from '../model/twin.ts';

/** What happens in the hub, told after it is durable. */
export interface HubEventMap {
  identityCreated: { target: Target };
  /** Status or credentials may differ from before. */
  identityUpdated: { target: Target; disabled: boolean };
  identityDeleted: { target: Target; twin: Twin | undefined };
  /** A service changed tags or desired properties. */
  twinUpdated: { twin: Twin; before: Twin; change: TwinChange; operation: 'updateTwin' | 'replaceTwin' };
  /** A device reported; `patch` is what it sent. */
  twinReported: { twin: Twin; before: Twin; patch: JsonObject };
  /** A device named its Plug and Play model, another one than before. */
  modelAnnounced: { twin: Twin; before: Twin };
  connected: { target: Target };
  disconnected: { target: Target };
}

type Listener<Name extends keyof HubEventMap> = (event: HubEventMap[Name]) => void;

/** Listeners are told in the order in which they came; they must not throw. */
export class HubEvents {
  readonly #listeners = new Map<string, ((event: never) => void)[]>();

  on<Name extends keyof HubEventMap>(name: Name, listener: Listener<Name>): void {
    const listeners = this.#listeners.get(name) ?? [];
    listeners.push(listener);
    this.#listeners.set(name, listeners);
  }

  emit<Name extends keyof HubEventMap>(name: Name, event: HubEventMap[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) (listener as Listener<Name>)(event);
  }
}
