import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/hub/model/json.ts';
import { parseQuery, PathIndexes, planQuery, printQuery, QuerySyntaxError } from '../../../src/hub/query/index.ts';
import type { Comparison, Expression } from '../../../src/hub/query/syntax-tree.ts';
import { documentSource, withoutPlaces } from './query-rows.ts';

const SOURCE = documentSource('devices');

/** Few names and few values, so that rows and conditions meet often. */
const name = fc.constantFrom('a', 'b', 'c', 'group', 'my key', '__proto__', 'constructor', 'length', '$version');
const primitive = fc.constantFrom<(null | boolean | number | string)[]>(
  null,
  true,
  false,
  0,
  1,
  2,
  -1,
  '',
  'x',
  'y',
  '1',
);
const { value: jsonValue } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: primitive },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
    { weight: 2, arbitrary: fc.dictionary(name, tie('value'), { maxKeys: 4 }).map(ownKeys) },
  ),
}));
const tags = fc.dictionary(name, jsonValue, { maxKeys: 5 }).map(ownKeys);
const twins = fc
  .array(tags, { maxLength: 30 })
  .map((all) => all.map((tags, index): JsonObject => ({ deviceId: `d${index}`, status: 'enabled', tags })));

/** As a document that came over the wire, `__proto__` a key like any other. */
function ownKeys(entries: Record<string, JsonValue>): JsonObject {
  return JSON.parse(JSON.stringify(entries)) as JsonObject;
}

const SPAN = { at: 0, length: 0 };
const path = fc
  .array(name, { minLength: 1, maxLength: 3 })
  .map((segments): Expression => ({ kind: 'path', segments: ['tags', ...segments], span: SPAN }));
const constant = fc
  .oneof(
    { weight: 9, arbitrary: primitive },
    { weight: 1, arbitrary: fc.constant(undefined) },
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  )
  .map((value) => ({ kind: 'constant' as const, value: Object.is(value, -0) ? 0 : value, span: SPAN }));
const list = fc
  .array(constant, { minLength: 1, maxLength: 4 })
  .map((items) => ({ kind: 'list' as const, items, span: SPAN }));
const operator = fc.constantFrom<Comparison['operator'][]>('=', '!=', '<', '>', '<=', '>=');
const arithmetic = fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const, '%' as const);

const { expression } = fc.letrec<{ expression: Expression }>((tie) => {
  const any = tie('expression');
  const several = fc.array(any, { minLength: 2, maxLength: 4 });
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { weight: 3, arbitrary: path },
      { weight: 2, arbitrary: constant },
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constant('comparison' as const),
          operator,
          left: path,
          right: constant,
          span: fc.constant(SPAN),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('membership' as const),
          operator: fc.constantFrom('IN' as const, 'NIN' as const),
          operand: path,
          list,
          span: fc.constant(SPAN),
        }),
      },
      { weight: 4, arbitrary: several.map((operands): Expression => ({ kind: 'and', operands, span: SPAN })) },
      { weight: 4, arbitrary: several.map((operands): Expression => ({ kind: 'or', operands, span: SPAN })) },
      { weight: 3, arbitrary: any.map((operand): Expression => ({ kind: 'not', operand, span: SPAN })) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('comparison' as const),
          operator,
          left: any,
          right: any,
          span: fc.constant(SPAN),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('arithmetic' as const),
          operator: arithmetic,
          left: any,
          right: any,
          span: fc.constant(SPAN),
        }),
      },
      {
        weight: 1,
        arbitrary: path.map((argument): Expression => ({
          kind: 'call',
          name: 'IS_DEFINED',
          arguments: [argument],
          span: SPAN,
        })),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom('STARTSWITH', 'ENDSWITH', 'ARRAY_CONTAINS'), any, any)
          .map(([called, a, b]): Expression => ({ kind: 'call', name: called, arguments: [a, b], span: SPAN })),
      },
    ),
  };
});

/** The text of a query with this condition. */
function queryWhere(where: Expression): string {
  return printQuery({ ...parseQuery('SELECT * FROM devices'), where });
}

describe('print and parse', () => {
  test('what a tree prints parses to the same tree', () => {
    fc.assert(
      fc.property(expression, (where) => {
        const text = queryWhere(where);
        fc.pre(text.length <= 8192);
        const parsed = parseQuery(text);
        expect(withoutPlaces(parsed.where)).toEqual(withoutPlaces(where));
        expect(printQuery(parsed)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test('any text either parses or is refused with a place inside it', () => {
    const word = fc.constantFrom(
      ...'SELECT TOP FROM devices .modules WHERE GROUP BY AS AND OR NOT IN NIN tags a COUNT ( ) [ ] [[ ]] , . = != < 1 0x \' " \\u /* */ *'.split(
        ' ',
      ),
    );
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 25 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (anything) => {
        try {
          const query = parseQuery(anything);
          planQuery(query, documentSource(query.source));
        } catch (error) {
          if (!(error instanceof QuerySyntaxError)) throw error;
          expect(error.position).toBeGreaterThanOrEqual(0);
          expect(error.position + error.length).toBeLessThanOrEqual(anything.length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('evaluation', () => {
  test('a condition means the same compiled for speed and by the plain rules of the language', () => {
    fc.assert(
      fc.property(twins, expression, (rows, where) => {
        const plan = planQuery(parseQuery(queryWhere(where)), SOURCE);
        for (const row of rows) expect(plan.matches(row)).toBe(evaluate(where, row) === true);
      }),
      { numRuns: 500 },
    );
  });

  test('rows found through indexes are the rows found by looking at all', () => {
    const change = fc.record({ at: fc.nat(), tags: fc.option(tags, { nil: undefined }) });
    fc.assert(
      fc.property(
        twins,
        fc.array(change, { maxLength: 10 }),
        fc.array(expression, { minLength: 1, maxLength: 4 }),
        (rows, changes, conditions) => {
          const store = new Map(rows.map((row, index) => [`d${index}`, row]));
          const indexes = new PathIndexes(SOURCE, { limit: 3 });
          const check = () => {
            for (const condition of conditions)
              expect(indexed(condition, store, indexes)).toEqual(scanned(condition, store));
          };
          check();
          for (const { at, tags } of changes) {
            const id = `d${at % 30}`;
            const after = tags && { deviceId: id, status: 'enabled', tags };
            indexes.update(id, store.get(id), after);
            if (after === undefined) store.delete(id);
            else store.set(id, after);
          }
          check();
        },
      ),
      { numRuns: 300 },
    );
  });

  function indexed(condition: Expression, store: ReadonlyMap<string, JsonObject>, indexes: PathIndexes<JsonObject>) {
    const plan = planQuery(parseQuery(queryWhere(condition)), SOURCE);
    const found = indexes.find(plan.equality, () => store.entries());
    return [...store].flatMap(([id, row]) => ((found?.has(id) ?? true) && plan.matches(row) ? [id] : []));
  }

  function scanned(condition: Expression, store: ReadonlyMap<string, JsonObject>) {
    const plan = planQuery(parseQuery(queryWhere(condition)), SOURCE);
    return [...store].flatMap(([id, row]) => (plan.matches(row) ? [id] : []));
  }
});

type Value = JsonValue | undefined;

/** The language by its rules alone, slow and short: what service-protocol.md, 6.2 says, written a second time. */
function evaluate(expression: Expression, row: JsonObject): Value {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'list':
      return expression.items.map((item) => evaluate(item, row)).filter((item) => item !== undefined);
    case 'path':
      return expression.segments.reduce<Value>(
        (value, segment) => (isJsonObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined),
        row,
      );
    case 'not': {
      const value = evaluate(expression.operand, row);
      return typeof value === 'boolean' ? !value : undefined;
    }
    case 'and':
    case 'or': {
      const values = expression.operands.map((operand) => evaluate(operand, row));
      const decisive = expression.kind === 'or';
      if (values.includes(decisive)) return decisive;
      return values.every((value) => typeof value === 'boolean') ? !decisive : undefined;
    }
    case 'comparison':
      return compare(expression.operator, evaluate(expression.left, row), evaluate(expression.right, row));
    case 'arithmetic': {
      const [a, b] = [evaluate(expression.left, row), evaluate(expression.right, row)];
      if (typeof a !== 'number' || typeof b !== 'number') return undefined;
      const result = { '+': a + b, '-': a - b, '*': a * b, '/': a / b, '%': a % b }[expression.operator];
      return Number.isFinite(result) ? result : undefined;
    }
    case 'membership': {
      const { operator, operand, list } = expression;
      const joined = operator === 'IN' ? ('or' as const) : ('and' as const);
      const sign = operator === 'IN' ? '=' : '!=';
      const parts = list.items.map((item): Expression => ({
        kind: 'comparison',
        operator: sign,
        left: operand,
        right: item,
        span: SPAN,
      }));
      return evaluate({ kind: joined, operands: parts, span: SPAN }, row);
    }
    case 'call': {
      const [a, b] = expression.arguments.map((argument) => evaluate(argument, row));
      if (expression.name === 'IS_DEFINED') return a !== undefined;
      if (expression.name === 'ARRAY_CONTAINS') {
        return Array.isArray(a) && b !== undefined
          ? a.some((item: JsonValue) => compare('=', item, b) === true)
          : undefined;
      }
      if (typeof a !== 'string' || typeof b !== 'string') return undefined;
      return expression.name === 'STARTSWITH' ? a.startsWith(b) : a.endsWith(b);
    }
  }
}

function compare(operator: Comparison['operator'], a: Value, b: Value): boolean | undefined {
  if (a === null && b === null) return ['=', '<=', '>='].includes(operator);
  if (a === null || b === null || a === undefined || b === undefined) return undefined;
  if (typeof a === 'object' || typeof b === 'object' || typeof a !== typeof b) return undefined;
  return { '=': a === b, '!=': a !== b, '<': a < b, '>': a > b, '<=': a <= b, '>=': a >= b }[operator];
}
