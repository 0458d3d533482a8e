import type { JsonObject } from '../../sdk/device-link.ts';
import type { Behaviour } from '../behaviour.ts';

/** Reports once, at the first connect of this run: what a device knows of itself from the factory. */
export function createInitialReport(reported: JsonObject | undefined): Behaviour {
  let done = false;
  return {
    atConnect: () => {
      const patch = done ? undefined : reported;
      done = true;
      return patch;
    },
  };
}
