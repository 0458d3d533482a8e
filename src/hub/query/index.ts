/** The IoT Hub query language: text → tree → plan. Pure; README.md says what the language means and where Azure's differs. */
export { parseCondition, parseQuery } from './parser.ts';
export { printCondition, printQuery } from './print.ts';
export { planQuery, type AggregatePlan, type Plan, type RowPlan } from './plan.ts';
export { planCondition, type ConditionPlan } from './condition.ts';
export { PathIndex, PathIndexes } from './path-index.ts';
export { QuerySyntaxError } from './query-syntax-error.ts';
export { MAX_QUERY_CHARACTERS } from './token-reader.ts';
export type { Condition, Query } from './syntax-tree.ts';
export type { EqualityCandidate } from './equality.ts';
export type { QueryRow, QuerySource, SourceName } from './source.ts';
