import { checkExpression } from './check.ts';
import { compileMatches, type Matches } from './compile.ts';
import { findEqualities, type EqualityCandidate } from './equality.ts';
import type { QuerySource } from './source.ts';
import type { Condition } from './syntax-tree.ts';

/** The WHERE half of a plan. */
export interface ConditionPlan<Row> {
  readonly matches: Matches<Row>;
  readonly equality: readonly EqualityCandidate[];
}

/**
 * Checks and compiles a bare WHERE expression: a job's query condition, a configuration's target condition.
 *
 * @param source the one the condition names (`condition.source`)
 * @throws QuerySyntaxError as planQuery does
 */
export function planCondition<Row>(condition: Condition, source: QuerySource<Row>): ConditionPlan<Row> {
  if (condition.source !== source.name)
    throw new TypeError(`the condition is on ${condition.source}, not ${source.name}`);
  const { where, text } = condition;
  const setting = { text, source };
  if (where === undefined) return { matches: () => true, equality: [] };
  checkExpression(where, setting);
  return { matches: compileMatches(where, setting), equality: findEqualities(where, setting) };
}
