import { QuerySyntaxError, type Span } from './query-syntax-error.ts';
import { FOREIGN_SIGNS } from './words.ts';

/** `text` is what stands in the query; `value` what it means. */
export type Token = Span & { readonly text: string } & (
    | { readonly kind: 'name' | 'bracketed' | 'string'; readonly value: string }
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'sign' | 'end' }
  );

const NAME = /[\p{L}_$][\p{L}\p{N}\p{M}_$]*/uy;
// `[[` always opens a name, so a list inside a list needs a blank: `[ [1], [2] ]`.
const BRACKETED = /\[\[((?:(?!\]\])[^\p{Cc}])+)\]\]/uy;
const NUMBER = /0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// Target conditions write an apostrophe as two (module-deployment-monitoring.md); nothing else can be meant by them.
const STRING = /'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^])*"/y;
const SIGN = /<=|>=|<>|!=|==|&&|\|\||[=<>+\-*/%()[\],.!;`]/y;
const BLANK = /(?:\s|\/\*[^]*?\*\/)+/y;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(['"\\])|[^])|''/g;

/**
 * Cuts a query into tokens; the last one is of kind `end`. Blanks and comments fall away.
 *
 * @throws QuerySyntaxError at a character that begins no token, an unclosed string or bracket, an unknown escape
 */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const token = readToken(text, at);
    tokens.push(token);
    at = skipBlanks(text, at + token.length);
  }
  tokens.push({ kind: 'end', text: '', at, length: 0 });
  return tokens;
}

function skipBlanks(text: string, at: number): number {
  return at + (match(BLANK, text, at)?.length ?? 0);
}

function readToken(text: string, at: number): Token {
  const name = match(NAME, text, at);
  if (name !== undefined) return { kind: 'name', text: name, value: name, at, length: name.length };
  const number = match(NUMBER, text, at);
  if (number !== undefined) return numberToken(text, at, number);
  const string = match(STRING, text, at);
  if (string !== undefined) {
    return { kind: 'string', text: string, value: unescape(text, at, string), at, length: string.length };
  }
  const bracketed = match(BRACKETED, text, at);
  if (bracketed !== undefined) {
    return { kind: 'bracketed', text: bracketed, value: bracketed.slice(2, -2), at, length: bracketed.length };
  }
  return signToken(text, at);
}

function numberToken(text: string, at: number, number: string): Token {
  const value = Number(number);
  if (!Number.isFinite(value)) {
    throw new QuerySyntaxError(text, { at, length: number.length }, `the number ${number} is too large`);
  }
  const glued = match(NAME, text, at + number.length);
  if (glued !== undefined) {
    const name = number + glued;
    const advice = `a name that begins with a digit is written [[${name}]]`;
    throw new QuerySyntaxError(
      text,
      { at, length: name.length },
      `"${name}" is neither a number nor a name: ${advice}`,
    );
  }
  return { kind: 'number', text: number, value, at, length: number.length };
}

function signToken(text: string, at: number): Token {
  if (text.startsWith('[[', at)) {
    throw new QuerySyntaxError(text, { at, length: 2 }, '[[ must be followed by a name and ]]');
  }
  const sign = match(SIGN, text, at);
  const found = sign ?? String.fromCodePoint(text.codePointAt(at) ?? 0);
  const span = { at, length: found.length };
  if (found === "'" || found === '"') {
    throw new QuerySyntaxError(text, span, `the string that begins here is not closed: expected another ${found}`);
  }
  if (Object.hasOwn(FOREIGN_SIGNS, found)) {
    throw new QuerySyntaxError(text, span, `${found} is not in the query language: ${FOREIGN_SIGNS[found] ?? ''}`);
  }
  if (sign === undefined) throw new QuerySyntaxError(text, span, `unexpected character ${JSON.stringify(found)}`);
  return { kind: 'sign', text: sign, ...span };
}

/** Allowed escapes: `\'`, `\"`, `\\`, `\uXXXX` (service-protocol.md, 6.2), and `''` between apostrophes. */
function unescape(text: string, at: number, literal: string): string {
  return literal
    .slice(1, -1)
    .replace(ESCAPE, (escape: string, hex: string | undefined, plain: string | undefined, offset: number) => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      if (plain !== undefined) return plain;
      if (escape === "''") return literal.startsWith("'") ? "'" : escape;
      const span = { at: at + 1 + offset, length: escape.length };
      throw new QuerySyntaxError(text, span, `unknown escape ${escape}: expected \\', \\", \\\\ or \\uXXXX`);
    });
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
