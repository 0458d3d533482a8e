import type { Colours } from './colours.ts';
import { displayWidth, fitText, printable } from './display-text.ts';

const GAP = '  ';
/** A column is not squeezed below this before the others are. */
const NARROWEST = 6;

/** Colours a cell that was fitted already. */
export type CellStyle = (text: string, place: { row: number; column: number }) => string;

/**
 * Lines of a table, header first, that fit in `width` columns; Infinity means nothing is cut.
 * Cells are made printable; the widest columns give way first.
 */
export function renderTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  options: { width: number; colours: Colours; style?: CellStyle },
): string[] {
  const cells = rows.map((row) => titles.map((_, column) => printable(row[column] ?? '')));
  const widths = fitWidths(naturalWidths(titles, cells), options.width);
  const header = renderRow(
    titles.map((title) => title.toUpperCase()),
    widths,
  );
  const { style } = options;
  const rowStyle = (row: number): ColumnStyle | undefined => style && ((text, column) => style(text, { row, column }));
  return [options.colours.bold(header), ...cells.map((row, index) => renderRow(row, widths, rowStyle(index)))];
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
  const widths = [...natural];
  const gaps = GAP.length * Math.max(0, widths.length - 1);
  let excess = sum(widths) + gaps - available;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= NARROWEST) break;
    const second = Math.max(NARROWEST, ...widths.filter((_, column) => column !== widest));
    const step = Math.max(1, Math.min(excess, width - Math.min(second, width - 1), width - NARROWEST));
    widths[widest] = width - step;
    excess -= step;
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
