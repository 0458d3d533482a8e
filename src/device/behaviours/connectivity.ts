import type { Behaviour } from '../behaviour.ts';

/** Reports `connectivity.type` at every connect, as the device of the twins tutorial does. */
export function createConnectivity(type: string): Behaviour {
  return { atConnect: () => ({ connectivity: { type } }) };
}
