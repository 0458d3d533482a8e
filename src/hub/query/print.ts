import type { Aggregate, Condition, Expression, Path, Query, SelectItem } from './syntax-tree.ts';
import { isReservedWord } from './words.ts';

/** The query in one line: words in capitals, the fewest parentheses. Parsing it gives the same tree again. */
export function printQuery(query: Query): string {
  const parts = [
    'SELECT',
    ...(query.top === undefined ? [] : ['TOP', printExpression(query.top)]),
    query.select === '*' ? '*' : query.select.map(printItem).join(', '),
    'FROM',
    query.source,
    ...(query.where === undefined ? [] : ['WHERE', printExpression(query.where)]),
    ...(query.groupBy.length === 0 ? [] : ['GROUP BY', query.groupBy.map(printPath).join(', ')]),
  ];
  return parts.join(' ');
}

/** The same for a bare condition. */
export function printCondition({ source, where }: Condition): string {
  if (where === undefined) return `FROM ${source}`;
  return source === 'devices' ? printExpression(where) : `FROM ${source} WHERE ${printExpression(where)}`;
}

/** How tightly each kind binds; an operand that binds less tightly than its place asks for stands in parentheses. */
const TIGHTNESS = { or: 1, and: 2, not: 3, comparison: 4, membership: 4, sum: 5, product: 6, operand: 7 } as const;
type Tightness = (typeof TIGHTNESS)[keyof typeof TIGHTNESS];

function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'or':
    case 'and': {
      const word = expression.kind === 'or' ? ' OR ' : ' AND ';
      return expression.operands.map((operand) => inPlace(operand, tighterThan(expression))).join(word);
    }
    case 'not':
      return `NOT ${inPlace(expression.operand, TIGHTNESS.not)}`;
    case 'comparison': {
      const { left, operator, right } = expression;
      return `${inPlace(left, TIGHTNESS.sum)} ${operator} ${inPlace(right, TIGHTNESS.sum)}`;
    }
    case 'arithmetic': {
      const { left, operator, right } = expression;
      return `${inPlace(left, tightness(expression))} ${operator} ${inPlace(right, tighterThan(expression))}`;
    }
    case 'membership':
      return `${inPlace(expression.operand, TIGHTNESS.sum)} ${expression.operator} ${printExpression(expression.list)}`;
    case 'call':
      return `${expression.name}(${expression.arguments.map(printExpression).join(', ')})`;
    case 'list':
      return printList(expression.items.map(printExpression));
    case 'constant':
      return printConstant(expression.value);
    case 'path':
      return printPath(expression);
  }
}

/** A list in a list stands apart from the bracket before it: `[[` opens a name. */
function printList(items: readonly string[]): string {
  return `[${items[0]?.startsWith('[') ? ' ' : ''}${items.join(', ')}]`;
}

function inPlace(expression: Expression, wanted: number): string {
  const text = printExpression(expression);
  return tightness(expression) < wanted ? `(${text})` : text;
}

function tightness(expression: Expression): Tightness {
  switch (expression.kind) {
    case 'arithmetic':
      return expression.operator === '+' || expression.operator === '-' ? TIGHTNESS.sum : TIGHTNESS.product;
    case 'or':
    case 'and':
    case 'not':
    case 'comparison':
    case 'membership':
      return TIGHTNESS[expression.kind];
    default:
      return TIGHTNESS.operand;
  }
}

function tighterThan(expression: Expression): number {
  return tightness(expression) + 1;
}

function printItem({ value, alias }: SelectItem): string {
  const text = value.kind === 'aggregate' ? printAggregate(value) : printPath(value);
  return alias === undefined ? text : `${text} AS ${printName(alias)}`;
}

function printAggregate({ name, argument }: Aggregate): string {
  if (argument === undefined || argument === '*') return `${name}(${argument ?? ''})`;
  return `${name}(${printExpression(argument)})`;
}

export function printPath({ segments }: Pick<Path, 'segments'>): string {
  return segments.map(printName).join('.');
}

const PLAIN_NAME = /^[\p{L}_$][\p{L}\p{N}\p{M}_$]*$/u;

function printName(name: string): string {
  return PLAIN_NAME.test(name) && !isReservedWord(name) ? name : `[[${name}]]`;
}

function printConstant(value: null | boolean | number | string | undefined): string {
  return typeof value === 'string' ? printString(value) : String(value);
}

/** Control characters as escapes, so that the line stays one. */
function printString(value: string): string {
  const escaped = value
    .replace(/[\\']/g, '\\$&')
    .replace(/[\p{Cc}\u2028\u2029]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `'${escaped}'`;
}
