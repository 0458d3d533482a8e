import type { Random } from './random.ts';

export interface BackOff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** A single device is back soon after a hub that was only restarted; a fleet has its own, see fleet/. */
export const DEFAULT_BACK_OFF: BackOff = { firstMs: 1000, longestMs: 30_000 };

/**
 * How long to wait before attempt `attempt` (0 for the first one after a loss): doubles up to the longest, of which a random
 * half is taken off, so that devices which were lost together do not come back together.
 */
export function backOffMs({ firstMs, longestMs }: BackOff, attempt: number, random: Random): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(full * (0.5 + random() / 2));
}
