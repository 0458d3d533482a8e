import { cellText } from './table.ts';

/** One line of CSV (RFC 4180 quoting, but `\n` at the end, which every Unix tool expects). */
export function csvLine(values: readonly unknown[]): string {
  return values.map((value) => quote(cellText(value))).join(',') + '\n';
}

/** Nested members as dotted names (`tags.location.plant`), arrays as JSON: what a spreadsheet can show of a twin. */
export function flatten(value: unknown, prefix = ''): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  if (!isObject(value)) return flat.set(prefix || 'value', value);
  for (const [name, member] of Object.entries(value)) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (!isObject(member)) flat.set(path, member);
    else for (const [inner, leaf] of flatten(member, path)) flat.set(inner, leaf);
  }
  return flat;
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
