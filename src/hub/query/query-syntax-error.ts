/** A stretch of the query text: offset and length in UTF-16 units, as JavaScript counts. */
export interface Span {
  readonly at: number;
  readonly length: number;
}

/**
 * The text is no query of this language, or asks for something the language does not have.
 * The message says what was found, what was expected, and where; the fields say where for programs.
 */
export class QuerySyntaxError extends Error {
  override readonly name = 'QuerySyntaxError';
  /** Offset of the first wrong character, from 0. At the end of the text it is the text's length. */
  readonly position: number;
  /** How many characters are wrong; 0 at the end of the text. */
  readonly length: number;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;

  constructor(text: string, { at, length }: Span, problem: string) {
    const before = text.slice(0, at).split(/\r\n|\n|\r/);
    const line = before.length;
    const column = (before.at(-1) ?? '').length + 1;
    super(`${problem} (line ${line}, column ${column})`);
    this.position = at;
    this.length = length;
    this.line = line;
    this.column = column;
  }
}
