const STEPS = [
  { unit: 'd', ms: 86_400_000 },
  { unit: 'h', ms: 3_600_000 },
  { unit: 'min', ms: 60_000 },
  { unit: 's', ms: 1000 },
] as const;

/** Nearer than this to the present, clocks that differ a little say nothing. */
const JUST_NOW_MS = 2000;
const FAR_DAYS = 100;

/**
 * A time for people: `3 min ago`, `in 2 h`, `just now`; further than 100 days away its date. Programs get ISO 8601.
 * What is no time stays what it is; the hub's "never", the year 1, is undefined.
 */
export function relativeTime(time: unknown, now = Date.now()): unknown {
  if (typeof time !== 'string') return time;
  if (time.startsWith('0001-01-01')) return undefined;
  const at = Date.parse(time);
  if (Number.isNaN(at)) return time;
  const distance = Math.abs(at - now);
  if (distance < JUST_NOW_MS) return 'just now';
  if (distance > FAR_DAYS * STEPS[0].ms) return time.slice(0, 10);
  const { unit, ms } = STEPS.find((step) => distance >= step.ms) ?? STEPS[3];
  const amount = `${Math.floor(distance / ms)} ${unit}`;
  return at > now ? `in ${amount}` : `${amount} ago`;
}
