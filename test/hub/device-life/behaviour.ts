import type { Stage } from './stage.ts';
import type { Exceptions } from './transports.ts';

/** Something that a device on an unmodified SDK client can rely on. */
export interface Behaviour {
  /** Reads behind the words "a device over …". */
  readonly name: string;
  /** Over which transports it cannot hold, and why. */
  readonly except?: Exceptions;
  /** Leaves the hub as the behaviour needs it. @returns what is to hold from then on, also for a hub that was killed in between */
  arrange(stage: Stage): Promise<() => Promise<void>>;
}
