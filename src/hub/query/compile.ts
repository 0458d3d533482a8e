import type { JsonValue } from '../model/json.ts';
import { findFunction } from './functions.ts';
import { calculate, COMPARISONS, isIn, not, type Value } from './operators.ts';
import { readPath, resolvePath } from './property-path.ts';
import type { QuerySource, Read } from './source.ts';
import type { Comparison, Expression, List, Logical, Membership, Path, Primitive } from './syntax-tree.ts';

/** Where an expression stands and what it reads. */
export interface Setting<Row> {
  readonly text: string;
  readonly source: QuerySource<Row>;
}

export type Matches<Row> = (row: Row) => boolean;

/**
 * Whether a row meets a checked condition: whether it is `true`, since everything else counts as false. Where only truth is
 * asked, undefined and false need not be told apart, which saves most of the work; below NOT they must be (`evaluate`).
 */
export function compileMatches<Row>(expression: Expression, setting: Setting<Row>): Matches<Row> {
  switch (expression.kind) {
    case 'and':
      return allOf(expression.operands.map((operand) => compileMatches(operand, setting)));
    case 'or':
      return anyOf(expression.operands.map((operand) => compileMatches(operand, setting)));
    case 'comparison':
      return compileComparison(expression, setting);
    case 'membership':
      return compileMembership(expression, setting);
    default: {
      const value = compileValue(expression, setting);
      return (row) => value(row) === true;
    }
  }
}

function allOf<Row>(parts: readonly Matches<Row>[]): Matches<Row> {
  const [first, second] = parts;
  if (parts.length === 2 && first !== undefined && second !== undefined) return (row) => first(row) && second(row);
  return (row) => {
    for (const part of parts) if (!part(row)) return false;
    return true;
  };
}

function anyOf<Row>(parts: readonly Matches<Row>[]): Matches<Row> {
  const [first, second] = parts;
  if (parts.length === 2 && first !== undefined && second !== undefined) return (row) => first(row) || second(row);
  return (row) => {
    for (const part of parts) if (part(row)) return true;
    return false;
  };
}

function compileComparison<Row>(comparison: Comparison, setting: Setting<Row>): Matches<Row> {
  const { left, operator, right } = comparison;
  if (right.kind === 'constant') return againstConstant(compileValue(left, setting), operator, right.value);
  if (left.kind === 'constant') return againstConstant(compileValue(right, setting), MIRRORED[operator], left.value);
  const value = compileValue(comparison, setting);
  return (row) => value(row) === true;
}

/** `a < b` is `b > a`. */
const MIRRORED: Readonly<Record<Comparison['operator'], Comparison['operator']>> = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
};

function againstConstant<Row>(
  read: Read<Row>,
  operator: Comparison['operator'],
  constant: Primitive | undefined,
): Matches<Row> {
  if (constant === undefined) return () => false;
  if (operator === '=') return (row) => read(row) === constant;
  if (constant === null) return nullMatches(read, operator);
  const type = typeof constant;
  switch (operator) {
    case '!=':
      return (row) => {
        const value = read(row);
        return typeof value === type && value !== constant;
      };
    case '<':
      return ofType(read, type, (value) => value < constant);
    case '>':
      return ofType(read, type, (value) => value > constant);
    case '<=':
      return ofType(read, type, (value) => value <= constant);
    case '>=':
      return ofType(read, type, (value) => value >= constant);
  }
}

function ofType<Row>(
  read: Read<Row>,
  type: string,
  holds: (value: boolean | number | string) => boolean,
): Matches<Row> {
  return (row) => {
    const value = read(row);
    return typeof value === type && holds(value as boolean | number | string);
  };
}

/** Null goes with null alone, and equals it: `=`, `<=` and `>=` hold, the rest does not. */
function nullMatches<Row>(read: Read<Row>, operator: Comparison['operator']): Matches<Row> {
  const holds = operator === '<=' || operator === '>=';
  return holds ? (row) => read(row) === null : () => false;
}

function compileMembership<Row>(membership: Membership, setting: Setting<Row>): Matches<Row> {
  const items = listValues(membership.list);
  const read = compileValue(membership.operand, setting);
  if (membership.operator === 'NIN') return (row) => isIn(read(row), items) === false;
  const wanted = new Set<Value>(primitives(membership.list));
  return (row) => wanted.has(read(row));
}

/** The items of a list that something can be equal to. */
export function primitives(list: List): readonly Primitive[] {
  return list.items.flatMap((item) => (item.kind === 'constant' && item.value !== undefined ? [item.value] : []));
}

function listValues(list: List): readonly Value[] {
  return list.items.map((item) => (item.kind === 'list' ? listConstant(item) : item.value));
}

/** A list as a JSON value; undefined has no place in one and is left out. */
function listConstant(list: List): JsonValue {
  return listValues(list).filter((value) => value !== undefined);
}

/** The value of a checked expression for a row, with undefined as a value of its own. */
function compileValue<Row>(expression: Expression, setting: Setting<Row>): Read<Row> {
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'list': {
      const value = listConstant(expression);
      return () => value;
    }
    case 'path':
      return compilePath(expression, setting);
    case 'not': {
      const operand = compileValue(expression.operand, setting);
      return (row) => not(operand(row));
    }
    case 'and':
    case 'or':
      return compileLogical(expression, setting);
    case 'comparison': {
      const compare = COMPARISONS[expression.operator];
      const left = compileValue(expression.left, setting);
      const right = compileValue(expression.right, setting);
      return (row) => compare(left(row), right(row));
    }
    case 'arithmetic': {
      const { operator } = expression;
      const left = compileValue(expression.left, setting);
      const right = compileValue(expression.right, setting);
      return (row) => calculate(operator, left(row), right(row));
    }
    case 'membership': {
      const items = listValues(expression.list);
      const operand = compileValue(expression.operand, setting);
      if (expression.operator === 'IN') return (row) => isIn(operand(row), items);
      return (row) => not(isIn(operand(row), items));
    }
    case 'call':
      return compileCall(expression.name, expression.arguments, setting);
  }
}

export function compilePath<Row>(path: Path, { text, source }: Setting<Row>): Read<Row> {
  return readPath(resolvePath(text, path, source), source);
}

/** AND is false when one side is, OR true when one side is, whatever the others are; a side that is no boolean is unknown. */
function compileLogical<Row>({ kind, operands }: Logical, setting: Setting<Row>): Read<Row> {
  const parts = operands.map((operand) => compileValue(operand, setting));
  const decisive = kind === 'or';
  return (row) => {
    let result: boolean | undefined = !decisive;
    for (const part of parts) {
      const value = part(row);
      if (value === decisive) return decisive;
      if (value !== !decisive) result = undefined;
    }
    return result;
  };
}

function compileCall<Row>(name: string, parameters: readonly Expression[], setting: Setting<Row>): Read<Row> {
  const called = findFunction(name);
  if (called === undefined) throw new TypeError(`${name} was not checked before it was compiled`);
  const [first, second] = parameters.map((parameter) => compileValue(parameter, setting));
  if (first === undefined) throw new TypeError(`the arguments of ${name} were not checked before it was compiled`);
  if (second === undefined) return (row) => called.evaluate(first(row), undefined);
  return (row) => called.evaluate(first(row), second(row));
}
