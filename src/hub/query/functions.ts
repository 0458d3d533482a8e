import { isIn, type Value } from './operators.ts';

/** A function of WHERE. */
export interface QueryFunction {
  readonly parameters: readonly string[];
  /** Whether the first argument must be a property: a question about a constant has no sense. */
  readonly ofProperty: boolean;
  evaluate(a: Value, b: Value): Value;
}

/**
 * The functions of twin and job queries. The documentation names IS_DEFINED alone; the other three work on the service
 * (service-protocol.md, 6.2, "Functions").
 */
export const FUNCTIONS: Readonly<Record<string, QueryFunction>> = {
  IS_DEFINED: {
    parameters: ['property'],
    ofProperty: true,
    evaluate: (value) => value !== undefined,
  },
  STARTSWITH: {
    parameters: ['text', 'start'],
    ofProperty: false,
    evaluate: (a, b) => (typeof a === 'string' && typeof b === 'string' ? a.startsWith(b) : undefined),
  },
  ENDSWITH: {
    parameters: ['text', 'end'],
    ofProperty: false,
    evaluate: (a, b) => (typeof a === 'string' && typeof b === 'string' ? a.endsWith(b) : undefined),
  },
  ARRAY_CONTAINS: {
    parameters: ['array', 'value'],
    ofProperty: false,
    // An item of another type is simply not the one; only a missing array or value leaves the answer open.
    evaluate: (a, b) => (Array.isArray(a) && b !== undefined ? isIn(b, a as readonly Value[]) === true : undefined),
  },
};

export function findFunction(name: string): QueryFunction | undefined {
  return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
}

/** Documented for message routing only, each with what to write in a query instead ('' where there is nothing). */
export const ROUTING_FUNCTIONS: Readonly<Record<string, string>> = {
  STARTS_WITH: 'write STARTSWITH(text, start)',
  ENDS_WITH: 'write ENDSWITH(text, end)',
  CONTAINS: 'only STARTSWITH and ENDSWITH look into a string',
  IS_NULL: 'write property = null',
  IS_NUMBER: '',
  IS_STRING: '',
  IS_BOOL: '',
  IS_OBJECT: '',
  IS_ARRAY: '',
  IS_PRIMITIVE: '',
  AS_NUMBER: '',
  ABS: '',
  EXP: '',
  POWER: '',
  SQUARE: 'write property * property',
  CEILING: '',
  FLOOR: '',
  SIGN: '',
  SQRT: '',
  CONCAT: '',
  LENGTH: '',
  LOWER: 'strings are compared as they are written',
  UPPER: 'strings are compared as they are written',
  SUBSTRING: '',
  INDEX_OF: '',
};

/** Why a function of routing conditions is refused; undefined for any other name. */
export function routingFunctionRefusal(name: string): string | undefined {
  if (!Object.hasOwn(ROUTING_FUNCTIONS, name)) return undefined;
  const advice = ROUTING_FUNCTIONS[name] ?? '';
  const reason = `${name} is a function of message routing conditions, not of twin and job queries`;
  return advice === '' ? reason : `${reason}: ${advice}`;
}
