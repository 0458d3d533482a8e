/** What the hub shows for a moment that never came. */
export const NEVER = '0001-01-01T00:00:00Z';

/** Milliseconds from 0001-01-01, the epoch of .NET ticks, to 1970-01-01. */
const TICKS_EPOCH_OFFSET_MS = 62_135_596_800_000n;
const TICKS_PER_MS = 10_000n;

/** ISO 8601 in UTC with the trailing zeros of the fraction dropped, as the hub writes it: `2026-01-02T03:04:05.12Z`. */
export function formatTimestamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.?0+Z$/, 'Z');
}

/** .NET ticks (100 ns since 0001-01-01) as 18 decimal digits: what a `generationId` is made of. */
export function formatTicks(timeMs: number): string {
  return ((BigInt(timeMs) + TICKS_EPOCH_OFFSET_MS) * TICKS_PER_MS).toString();
}

/** The time stamp in tracking ids: `MM/dd/yyyy HH:mm:ss`. */
export function formatTrackingTime(timeMs: number): string {
  const [date = '', time = ''] = new Date(timeMs).toISOString().split('T');
  const [year, month, day] = date.split('-');
  return `${month}/${day}/${year} ${time.slice(0, 8)}`;
}
