const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNITS_MS;

/** Milliseconds of `5m`, `60s`, `1h30m`, `250ms`, `24h`, or of a plain number of seconds; undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * UNITS_MS.s;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (isUnit(unit) ? UNITS_MS[unit] : 0);
  }
  return total;
}

/** The shortest spelling that `parseDuration` reads back: `90s`, `1h`, `1.5s`, `250ms`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < UNITS_MS.s) return `${Math.round(milliseconds)}ms`;
  for (const unit of ['d', 'h', 'm'] as const) {
    if (milliseconds % UNITS_MS[unit] === 0) return `${milliseconds / UNITS_MS[unit]}${unit}`;
  }
  return `${Number((milliseconds / UNITS_MS.s).toFixed(1))}s`;
}

function isUnit(text: string | undefined): text is Unit {
  return text !== undefined && text in UNITS_MS;
}
