import { cellText, displayWidth, printable } from '../terminal/index.ts';

/** A record for people: a name and a value a line, the values in one column. Values that are undefined are left out. */
export function renderCard(members: Readonly<Record<string, unknown>>): string[] {
  const shown = Object.entries(members).filter(([, value]) => value !== undefined);
  const widest = Math.max(0, ...shown.map(([name]) => displayWidth(name)));
  return shown.map(([name, value]) => `${name.padEnd(widest)}  ${printable(cellText(value))}`.trimEnd());
}
