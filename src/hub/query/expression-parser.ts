import type { Arithmetic, Comparison, Constant, Expression, List, Membership, Path } from './syntax-tree.ts';
import type { Token } from './lexer.ts';
import type { TokenReader } from './token-reader.ts';
import { isReservedWord } from './words.ts';

/** `expression` of the grammar in parser.ts; the functions below follow its lines. */
export function parseExpression(reader: TokenReader): Expression {
  const { at } = reader.next;
  const operands = [parseAnd(reader)];
  while (reader.takeWord('OR')) operands.push(parseAnd(reader));
  return joined('or', operands, reader, at);
}

function parseAnd(reader: TokenReader): Expression {
  const { at } = reader.next;
  const operands = [parseNot(reader)];
  while (reader.takeWord('AND')) operands.push(parseNot(reader));
  return joined('and', operands, reader, at);
}

function joined(kind: 'and' | 'or', operands: readonly Expression[], reader: TokenReader, at: number): Expression {
  const [only] = operands;
  return operands.length === 1 && only !== undefined ? only : { kind, operands, span: reader.spanFrom(at) };
}

function parseNot(reader: TokenReader): Expression {
  const { at } = reader.next;
  if (!reader.takeWord('NOT')) return parseComparison(reader);
  const operand = reader.nested(() => parseNot(reader));
  return { kind: 'not', operand, span: reader.spanFrom(at) };
}

const COMPARISON_SIGNS: Readonly<Record<string, Comparison['operator']>> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
};

function parseComparison(reader: TokenReader): Expression {
  const { at } = reader.next;
  const left = parseSum(reader);
  const operator = comparisonSign(reader.next);
  if (operator === undefined) return parseMembership(reader, left, at);
  reader.take();
  const right = parseSum(reader);
  if (comparisonSign(reader.next) !== undefined) {
    throw reader.refusal(reader.next, 'comparisons cannot be chained: join them with AND');
  }
  return { kind: 'comparison', operator, left, right, span: reader.spanFrom(at) };
}

function comparisonSign(token: Token): Comparison['operator'] | undefined {
  return token.kind === 'sign' && Object.hasOwn(COMPARISON_SIGNS, token.text)
    ? COMPARISON_SIGNS[token.text]
    : undefined;
}

function parseMembership(reader: TokenReader, operand: Expression, at: number): Expression | Membership {
  if (reader.isWord('NOT')) {
    throw reader.refusal(reader.next, 'NOT cannot stand here: "not in" is written NIN');
  }
  const operator = reader.isWord('IN') ? 'IN' : reader.isWord('NIN') ? 'NIN' : undefined;
  if (operator === undefined) return operand;
  reader.take();
  if (!reader.isSign('[')) throw reader.unexpected(`a list in square brackets after ${operator}`);
  const list = parseList(reader);
  return { kind: 'membership', operator, operand, list, span: reader.spanFrom(at) };
}

const SUM_SIGNS = ['+', '-'] as const;
const PRODUCT_SIGNS = ['*', '/', '%'] as const;

function parseSum(reader: TokenReader): Expression {
  return parseArithmetic(reader, SUM_SIGNS, () => parseArithmetic(reader, PRODUCT_SIGNS, () => parseOperand(reader)));
}

function parseArithmetic(
  reader: TokenReader,
  signs: readonly Arithmetic['operator'][],
  parsePart: () => Expression,
): Expression {
  const { at } = reader.next;
  let left = parsePart();
  for (;;) {
    const operator = signs.find((sign) => reader.isSign(sign));
    if (operator === undefined) return left;
    reader.take();
    reader.countArithmetic();
    const right = parsePart();
    left = { kind: 'arithmetic', operator, left, right, span: reader.spanFrom(at) };
  }
}

const OPERAND = 'a property, a constant or a function';

function parseOperand(reader: TokenReader): Expression {
  if (reader.isSign('(')) return parseParenthesised(reader);
  if (reader.isSign('[')) return parseList(reader);
  const constant = parseConstant(reader);
  if (constant !== undefined) return constant;
  const { next } = reader;
  if (next.kind === 'name' && reader.isFollowedBy('(') && !isReservedWord(next.value)) return parseCall(reader);
  if (next.kind !== 'name' && next.kind !== 'bracketed') throw reader.unexpected(OPERAND);
  return parsePath(reader, OPERAND);
}

function parseParenthesised(reader: TokenReader): Expression {
  reader.take();
  const inner = reader.nested(() => parseExpression(reader));
  reader.expectSign(')', 'an operator or )');
  return inner;
}

function parseCall(reader: TokenReader): Expression {
  const name = reader.take();
  reader.take();
  const parameters = reader.isSign(')') ? [] : reader.nested(() => parseArguments(reader));
  reader.expectSign(')', 'a comma or )');
  return { kind: 'call', name: name.text.toUpperCase(), arguments: parameters, span: reader.spanFrom(name.at) };
}

function parseArguments(reader: TokenReader): readonly Expression[] {
  const parameters = [parseExpression(reader)];
  while (reader.takeSign(',')) parameters.push(parseExpression(reader));
  return parameters;
}

const WORD_CONSTANTS: Readonly<Record<string, boolean | null | undefined>> = {
  TRUE: true,
  FALSE: false,
  NULL: null,
  UNDEFINED: undefined,
};

/** undefined when no constant stands here. */
function parseConstant(reader: TokenReader): Constant | undefined {
  const { next } = reader;
  if (next.kind === 'number' || next.kind === 'string') {
    reader.take();
    return { kind: 'constant', value: next.value, span: { at: next.at, length: next.length } };
  }
  if (reader.isSign('-')) return parseNegative(reader);
  if (next.kind !== 'name' || !Object.hasOwn(WORD_CONSTANTS, next.value.toUpperCase())) return undefined;
  reader.take();
  const value = WORD_CONSTANTS[next.value.toUpperCase()];
  return { kind: 'constant', value, span: { at: next.at, length: next.length } };
}

/** The documented operators are binary, so a minus in front belongs to a number. */
function parseNegative(reader: TokenReader): Constant {
  const { at } = reader.take();
  const { next } = reader;
  if (next.kind !== 'number') throw reader.unexpected('a number after - (write 0 - property)');
  reader.take();
  // Not -next.value: minus zero would be another zero.
  return { kind: 'constant', value: 0 - next.value, span: reader.spanFrom(at) };
}

function parseList(reader: TokenReader): List {
  const { at } = reader.take();
  if (reader.isSign(']')) throw reader.unexpected('a constant: a list has one item at least');
  const items = reader.nested(() => parseListItems(reader));
  reader.expectSign(']', 'a comma or ]');
  return { kind: 'list', items, span: reader.spanFrom(at) };
}

function parseListItems(reader: TokenReader): readonly (Constant | List)[] {
  const items = [parseListItem(reader)];
  while (reader.takeSign(',')) items.push(parseListItem(reader));
  return items;
}

function parseListItem(reader: TokenReader): Constant | List {
  if (reader.isSign('[')) return parseList(reader);
  const constant = parseConstant(reader);
  if (constant === undefined) throw reader.unexpected('a constant in the list');
  return constant;
}

/**
 * `path` of the grammar.
 *
 * @param expected what the grammar wants here, for the message
 */
export function parsePath(reader: TokenReader, expected = 'a property'): Path {
  const { at } = reader.next;
  const segments = [parseSegment(reader, expected)];
  while (reader.takeSign('.')) segments.push(parseSegment(reader, 'a name after the dot'));
  return { kind: 'path', segments, span: reader.spanFrom(at) };
}

function parseSegment(reader: TokenReader, expected: string): string {
  const { next } = reader;
  if (next.kind !== 'name' && next.kind !== 'bracketed') throw reader.unexpected(expected);
  if (next.kind === 'name' && isReservedWord(next.value)) {
    const found = `found the word ${next.value}; a property of that name is written [[${next.value}]]`;
    throw reader.refusal(next, `expected ${expected}, ${found}`);
  }
  reader.take();
  return next.value;
}
