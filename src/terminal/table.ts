import type { Colours } from './colours.ts';
import { displayWidth, fitText, printable } from './display-text.ts';

const GAP = '  ';
/** How far columns are squeezed, round after round while there is not room: the first one says what the rows are about. */
const NARROWEST = [
  { first: 20, others: 10 },
  { first: 20, others: 6 },
  { first: 6, others: 6 },
] as const;

/** Colours a cell that was fitted already. */
export type CellStyle = (text: string, place: { row: number; column: number }) => string;

/**
 * Lines of a table, header first, that fit in `width` columns; Infinity means nothing is cut. Cells are made printable. Where there is
 * not room for all, columns without a value are left out, then the widest give way, the first column last.
 */
export function renderTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  options: { width: number; colours: Colours; style?: CellStyle },
): string[] {
  const cells = rows.map((row) => titles.map((_, column) => printable(row[column] ?? '')));
  const natural = naturalWidths(titles, cells);
  const fits = sum(natural) + GAP.length * (titles.length - 1) <= options.width;
  const columns = [...titles.keys()].filter(
    (column) => fits || column === 0 || cells.some((row) => row[column] !== ''),
  );
  const pick = <T>(all: readonly T[]): T[] => all.filter((_, column) => columns.includes(column));
  const widths = fitWidths(pick(natural), options.width);
  const header = renderRow(
    pick(titles).map((title) => title.toUpperCase()),
    widths,
  );
  const { style } = options;
  const rowStyle = (row: number): ColumnStyle | undefined =>
    style && ((text, column) => style(text, { row, column: columns[column] ?? column }));
  return [options.colours.bold(header), ...cells.map((row, index) => renderRow(pick(row), widths, rowStyle(index)))];
}

/** A cell's text: strings as they are, nothing for null and undefined, compact JSON for the rest. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function naturalWidths(titles: readonly string[], cells: readonly (readonly string[])[]): number[] {
  return titles.map((title, column) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[column] ?? '')), displayWidth(title)),
  );
}

function fitWidths(natural: readonly number[], available: number): number[] {
  const room = available - GAP.length * Math.max(0, natural.length - 1);
  return NARROWEST.reduce<readonly number[]>(
    (widths, { first, others }) => squeeze(widths, room, (column) => (column === 0 ? first : others)),
    natural,
  ).slice();
}

/** Takes from the widest, again and again, until the sum fits or none is wider than it has to be. */
function squeeze(natural: readonly number[], room: number, narrowest: (column: number) => number): number[] {
  const widths = natural.map((width) => Math.min(width, Math.max(room, 0)));
  for (let excess = sum(widths) - room; excess > 0; excess -= 1) {
    const wide = [...widths.keys()].filter((column) => (widths[column] ?? 0) > narrowest(column));
    const widest = Math.max(...wide.map((column) => widths[column] ?? 0));
    const column = wide.find((each) => widths[each] === widest);
    if (column === undefined) break;
    widths[column] = widest - 1;
  }
  return widths;
}

type ColumnStyle = (text: string, column: number) => string;

function renderRow(cells: readonly string[], widths: readonly number[], style?: ColumnStyle): string {
  const fitted = cells.map((cell, column) => fitText(cell, widths[column] ?? 0));
  const last = fitted.findLastIndex((text) => text !== '');
  return fitted
    .slice(0, last + 1)
    .map((text, column) => {
      const gap = column === last ? '' : ' '.repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(text)));
      return (style === undefined ? text : style(text, column)) + gap;
    })
    .join(GAP);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
