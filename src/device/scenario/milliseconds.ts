import { parseDuration } from '../../terminal/index.ts';
import type { Duration } from './scenario-document.ts';

/** A duration that the schema has checked; numbers are seconds, and may be negative where the schema lets them. */
export function milliseconds(duration: Duration): number {
  return typeof duration === 'number' ? duration * 1000 : (parseDuration(duration) ?? 0);
}
