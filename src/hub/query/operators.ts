import type { JsonValue } from '../model/json.ts';
import type { Arithmetic, Comparison } from './syntax-tree.ts';

/** A value of the language. `undefined` is one: what is missing, and what comes of values that do not go together. */
export type Value = JsonValue | undefined;

/**
 * Comparisons are between primitives of one type; anything else gives undefined, which matches nothing, `!=` included.
 * Strings compare by UTF-16 unit, so dates in ISO form compare as dates. false < true; null equals null.
 *
 * @see service-protocol.md, 6.2, "Comparison"
 */
export const COMPARISONS: Readonly<Record<Comparison['operator'], (a: Value, b: Value) => boolean | undefined>> = {
  '=': equals,
  '!=': (a, b) => negate(equals(a, b)),
  '<': (a, b) => less(a, b),
  '>': (a, b) => less(b, a),
  '<=': (a, b) => negate(less(b, a)),
  '>=': (a, b) => negate(less(a, b)),
};

/** `=` of the language; undefined when the two cannot be compared. */
function equals(a: Value, b: Value): boolean | undefined {
  return comparable(a, b) ? a === b : undefined;
}

function less(a: Value, b: Value): boolean | undefined {
  if (!comparable(a, b)) return undefined;
  // Two nulls: neither is less.
  return a !== null && b !== null && a !== undefined && b !== undefined && a < b;
}

function comparable(a: Value, b: Value): boolean {
  return isPrimitive(a) && typeof a === typeof b && isPrimitive(b);
}

export function isPrimitive(value: Value): value is null | boolean | number | string {
  return value === null || (typeof value !== 'object' && value !== undefined);
}

function negate(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

/** Numbers only; undefined for other types and where the result is no number (a division by zero, an overflow). */
const ARITHMETIC: Readonly<Record<Arithmetic['operator'], (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};

export function calculate(operator: Arithmetic['operator'], a: Value, b: Value): number | undefined {
  if (typeof a !== 'number' || typeof b !== 'number') return undefined;
  const result = ARITHMETIC[operator](a, b);
  return Number.isFinite(result) ? result : undefined;
}

/** NOT: only a boolean has an opposite. */
export function not(value: Value): boolean | undefined {
  return typeof value === 'boolean' ? !value : undefined;
}

/**
 * IN is `=` with each item joined by OR: true when one is equal, else undefined when one cannot be compared. NIN is its NOT.
 */
export function isIn(value: Value, items: readonly Value[]): boolean | undefined {
  let found: boolean | undefined = false;
  for (const item of items) {
    const same = equals(value, item);
    if (same === true) return true;
    if (same === undefined) found = undefined;
  }
  return found;
}
