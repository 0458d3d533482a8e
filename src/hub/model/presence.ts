import { NEVER } from './timestamps.ts';

/** Whether a device or module is connected, and when it was last heard of. */
export interface Presence {
  readonly connectionState: 'Connected' | 'Disconnected';
  readonly connectionStateUpdatedTime: string;
  readonly lastActivityTime: string;
}

export const NEVER_SEEN: Presence = {
  connectionState: 'Disconnected',
  connectionStateUpdatedTime: NEVER,
  lastActivityTime: NEVER,
};
