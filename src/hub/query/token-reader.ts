import { tokenize, type Token } from './lexer.ts';
import { QuerySyntaxError, type Span } from './query-syntax-error.ts';
import { foreignWordAdvice, type ReservedWord } from './words.ts';

/** Query expressions can have at most this many characters (query-twins.md, "Twin query limitations"). */
export const MAX_QUERY_CHARACTERS = 8192;
/** Ours: brackets, NOT and lists inside one another, so that no text can exhaust the stack. */
const MAX_NESTING = 100;
/** Ours, for the same reason: a chain of arithmetic is as deep as it is long. */
const MAX_ARITHMETIC_OPERATORS = 256;

/** Goes over the tokens of one text, one token of foresight. */
export class TokenReader {
  readonly text: string;
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #next = 0;
  #nesting = 0;
  #arithmetic = 0;

  /** @throws QuerySyntaxError for a text that is too long or has characters that are no tokens */
  constructor(text: string) {
    if (text.length > MAX_QUERY_CHARACTERS) {
      const beyond = { at: MAX_QUERY_CHARACTERS, length: text.length - MAX_QUERY_CHARACTERS };
      const problem = `the query has ${text.length} characters, at most ${MAX_QUERY_CHARACTERS} are allowed`;
      throw new QuerySyntaxError(text, beyond, problem);
    }
    this.text = text;
    this.#tokens = tokenize(text);
    this.#end = { kind: 'end', text: '', at: text.length, length: 0 };
  }

  get next(): Token {
    return this.#tokens[this.#next] ?? this.#end;
  }

  take(): Token {
    const token = this.next;
    this.#next += 1;
    return token;
  }

  /** Where the last token taken ended. */
  get endOfLast(): number {
    const last = this.#tokens[this.#next - 1];
    return last === undefined ? 0 : last.at + last.length;
  }

  /** From a starting offset to the end of the last token taken. */
  spanFrom(at: number): Span {
    return { at, length: this.endOfLast - at };
  }

  isSign(sign: string): boolean {
    return this.next.kind === 'sign' && this.next.text === sign;
  }

  takeSign(sign: string): boolean {
    const found = this.isSign(sign);
    if (found) this.take();
    return found;
  }

  expectSign(sign: string, expected = sign): void {
    if (!this.takeSign(sign)) throw this.unexpected(expected);
  }

  isWord(word: ReservedWord): boolean {
    return this.next.kind === 'name' && this.next.value.toUpperCase() === word;
  }

  takeWord(word: ReservedWord): boolean {
    const found = this.isWord(word);
    if (found) this.take();
    return found;
  }

  expectWord(word: ReservedWord, expected: string = word): void {
    if (!this.takeWord(word)) throw this.unexpected(expected);
  }

  expectEnd(expected: string): void {
    if (this.next.kind !== 'end') throw this.unexpected(expected);
  }

  /** Whether the token after the next one is this sign. */
  isFollowedBy(sign: string): boolean {
    const following = this.#tokens[this.#next + 1];
    return following?.kind === 'sign' && following.text === sign;
  }

  /** The error that the next token is not what the grammar wants here. */
  unexpected(expected: string): QuerySyntaxError {
    const token = this.next;
    const advice = token.kind === 'name' ? foreignWordAdvice(token.value) : undefined;
    if (advice !== undefined) return this.refusal(token, advice);
    const found = token.kind === 'end' ? 'the end of the text' : quote(token.text);
    return this.refusal(token, `expected ${expected}, found ${found}`);
  }

  refusal(span: Span, problem: string): QuerySyntaxError {
    return new QuerySyntaxError(this.text, { at: span.at, length: span.length }, problem);
  }

  /** Runs `parse` one level deeper. */
  nested<Result>(parse: () => Result): Result {
    this.#nesting += 1;
    if (this.#nesting > MAX_NESTING) {
      throw this.refusal(this.next, `the query is nested more than ${MAX_NESTING} levels deep`);
    }
    const result = parse();
    this.#nesting -= 1;
    return result;
  }

  countArithmetic(): void {
    this.#arithmetic += 1;
    if (this.#arithmetic > MAX_ARITHMETIC_OPERATORS) {
      throw this.refusal(this.next, `the query has more than ${MAX_ARITHMETIC_OPERATORS} arithmetic operators`);
    }
  }
}

function quote(text: string): string {
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
}
