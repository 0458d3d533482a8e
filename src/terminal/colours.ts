/** Terminal colours by their SGR numbers, on and off. A package for it would cost every start of a program 5 ms. */
const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const satisfies Record<string, readonly [number, number]>;

type StyleName = keyof typeof STYLES;

/** Writes text in its style; more can be added: `red.bold(text)`. Styles do not nest inside a text. */
export interface Style extends Readonly<Record<StyleName, Style>> {
  (text: string): string;
}

/** The styles of one stream, which do nothing where it has no colours. */
export type Colours = Readonly<Record<StyleName, Style>>;

/** @param on whether the stream has colours at all: the sixteen that every terminal has are enough */
export function makeColours(on: boolean): Colours {
  return addStyles({}, '', '', on);
}

function makeStyle(start: string, end: string, on: boolean): Style {
  const style = (text: string): string => (on && text !== '' ? start + text + end : text);
  return addStyles(style, start, end, on);
}

function addStyles<Target extends object>(target: Target, start: string, end: string, on: boolean): Target & Colours {
  for (const [name, [open, close]] of Object.entries(STYLES)) {
    const get = (): Style => makeStyle(`${start}\u001b[${open}m`, `\u001b[${close}m${end}`, on);
    Object.defineProperty(target, name, { get });
  }
  return target as Target & Colours;
}
