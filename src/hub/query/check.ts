import { AGGREGATES, findAggregate } from './aggregate.ts';
import type { Setting } from './compile.ts';
import { FUNCTIONS, findFunction, routingFunctionRefusal, type QueryFunction } from './functions.ts';
import { suggestion } from './nearest-name.ts';
import { pathKey, resolvePath } from './property-path.ts';
import { QuerySyntaxError, type Span } from './query-syntax-error.ts';
import { SOURCE_RULES } from './source.ts';
import type { Aggregate, Call, Expression, Query } from './syntax-tree.ts';

/** TOP is a 32-bit count. */
const MAX_TOP = 2_147_483_647;

/**
 * What the grammar cannot say of a query: known functions and their arguments, what each source allows, GROUP BY with its
 * aggregates, TOP in its range.
 *
 * @throws QuerySyntaxError at the first rule that is broken
 */
export function checkQuery<Row>(query: Query, setting: Setting<Row>): void {
  checkTop(query);
  checkSource(query);
  if (query.where !== undefined) checkExpression(query.where, setting);
  checkSelect(query, setting);
}

function checkTop({ text, top }: Query): void {
  if (top === undefined) return;
  const { value } = top;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MAX_TOP) {
    throw new QuerySyntaxError(text, top.span, `TOP takes a whole number from 1 to ${MAX_TOP}, found ${String(value)}`);
  }
}

function checkSource({ text, source, select, selectSpan, groupBy }: Query): void {
  const rules = SOURCE_RULES[source];
  if (!rules.projections && select !== '*') {
    throw new QuerySyntaxError(text, selectSpan, `a query of ${source} can only be SELECT *`);
  }
  if (rules.aggregates) return;
  const [grouped] = groupBy;
  const aggregate = select === '*' ? undefined : select.find(({ value }) => value.kind === 'aggregate');
  const span = aggregate?.span ?? grouped?.span;
  if (span !== undefined) {
    throw new QuerySyntaxError(text, span, `aggregates and GROUP BY work FROM devices only, not FROM ${source}`);
  }
}

/** Of each part of an expression: the function is known, the path belongs to the source. */
export function checkExpression<Row>(expression: Expression, setting: Setting<Row>): void {
  switch (expression.kind) {
    case 'and':
    case 'or':
      for (const operand of expression.operands) checkExpression(operand, setting);
      return;
    case 'not':
    case 'membership':
      checkExpression(expression.operand, setting);
      return;
    case 'comparison':
    case 'arithmetic':
      checkExpression(expression.left, setting);
      checkExpression(expression.right, setting);
      return;
    case 'call':
      checkCall(expression, setting);
      return;
    case 'path':
      resolvePath(setting.text, expression, setting.source);
      return;
    case 'constant':
    case 'list':
      return;
  }
}

function checkCall<Row>(call: Call, setting: Setting<Row>): void {
  const called = findFunction(call.name);
  if (called === undefined) throw new QuerySyntaxError(setting.text, nameSpan(call), unknownFunction(call.name));
  checkArguments(call, called, setting.text);
  for (const argument of call.arguments) checkExpression(argument, setting);
}

function checkArguments(call: Call, called: QueryFunction, text: string): void {
  const { name, arguments: given } = call;
  const form = `${name}(${called.parameters.join(', ')})`;
  if (given.length !== called.parameters.length) {
    throw new QuerySyntaxError(text, call.span, `expected ${form}, found ${count(given.length, 'argument')}`);
  }
  const [first] = given;
  if (called.ofProperty && first !== undefined && first.kind !== 'path') {
    throw new QuerySyntaxError(text, first.span, `expected ${form} with the name of a property, found an expression`);
  }
}

function unknownFunction(name: string): string {
  const routing = routingFunctionRefusal(name);
  if (routing !== undefined) return routing;
  if (findAggregate(name) !== undefined) return `${name} is an aggregate: it stands after SELECT, not in a condition`;
  const known = Object.keys(FUNCTIONS);
  return `unknown function ${name}${suggestion(name, known) || `: expected ${list(known)}`}`;
}

function checkSelect<Row>(query: Query, setting: Setting<Row>): void {
  const { text, select, selectSpan, groupBy } = query;
  const groupKeys = groupBy.map((path) => pathKey(resolvePath(text, path, setting.source)));
  if (select === '*') {
    if (groupKeys.length === 0) return;
    const expected = 'expected the properties of GROUP BY and aggregates';
    throw new QuerySyntaxError(text, selectSpan, `SELECT * cannot be grouped: ${expected}`);
  }
  const isAggregateQuery = groupKeys.length > 0 || select.some(({ value }) => value.kind === 'aggregate');
  for (const { value } of select) {
    if (value.kind === 'aggregate') checkAggregate(value, setting);
    else {
      const key = pathKey(resolvePath(text, value, setting.source));
      if (!isAggregateQuery || groupKeys.includes(key)) continue;
      throw new QuerySyntaxError(text, value.span, `${key} has many values in a group: name it in GROUP BY too`);
    }
  }
}

function checkAggregate<Row>(item: Aggregate, { text, source }: Setting<Row>): void {
  const { name, argument } = item;
  const known = findAggregate(name);
  if (known === undefined) throw new QuerySyntaxError(text, nameSpan(item), unknownAggregate(name));
  if (known.ofProperty) {
    if (typeof argument !== 'object' || argument.kind !== 'path') {
      throw new QuerySyntaxError(text, item.span, `expected ${name}(property)`);
    }
    resolvePath(text, argument, source);
    return;
  }
  // COUNT(*) and COUNT(1) are SQL's ways to write COUNT().
  const countsRows = typeof argument !== 'object' || argument.kind === 'constant';
  if (!countsRows) {
    const advice = 'to count where a property exists, add WHERE IS_DEFINED(property)';
    throw new QuerySyntaxError(text, argument.span, `${name}() counts rows and takes no property: ${advice}`);
  }
}

function unknownAggregate(name: string): string {
  const isFunction = findFunction(name) !== undefined || routingFunctionRefusal(name) !== undefined;
  if (isFunction) return `SELECT lists properties and aggregates: ${name} cannot stand here`;
  const known = Object.keys(AGGREGATES);
  return `unknown aggregate ${name}${suggestion(name, known) || `: expected ${list(known)}`}`;
}

function nameSpan({ name, span }: { readonly name: string; readonly span: Span }): Span {
  return { at: span.at, length: name.length };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function list(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
}
