/** What text looks like on a terminal: its width in columns, and what must not reach one. */

// eslint-disable-next-line no-control-regex -- colour sequences are control characters
const ANSI = /\u001b\[[0-9;]*m/g;
// eslint-disable-next-line no-control-regex -- what a device reports must not move the cursor or ring the bell
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const ZERO_WIDTH = /\p{Mn}|\p{Me}|\p{Cf}/u;

/** Columns that `text` takes, colours not counted. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text.replace(ANSI, '')) {
    if (!ZERO_WIDTH.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** The start of `text` that fits in `columns`, with `…` where something was cut. `text` has no colours yet. */
export function fitText(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let width = 0;
  let kept = '';
  for (const character of text) {
    width += displayWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** `text` with control characters spelled out, so that nothing a device sent can steer the terminal; newlines and tabs become spaces. */
export function printable(text: string): string {
  return text
    .replace(/[\n\t]/g, ' ')
    .replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
