import type { Span } from './query-syntax-error.ts';
import type { SourceName } from './source.ts';

/** What one query says, before anybody asked whether it makes sense: plan.ts does. Every node knows where it stands. */
export interface Query {
  readonly text: string;
  readonly top: Constant | undefined;
  readonly select: '*' | readonly SelectItem[];
  readonly source: SourceName;
  /** Where `*` or the list stands. */
  readonly selectSpan: Span;
  readonly where: Expression | undefined;
  readonly groupBy: readonly Path[];
}

/** A bare WHERE expression, as jobs and configurations have it. */
export interface Condition {
  readonly text: string;
  readonly source: SourceName;
  readonly where: Expression | undefined;
}

export interface SelectItem {
  readonly value: Path | Aggregate;
  readonly alias: string | undefined;
  readonly span: Span;
}

export interface Aggregate {
  readonly kind: 'aggregate';
  /** In capitals; known or not. */
  readonly name: string;
  readonly argument: Path | Constant | '*' | undefined;
  readonly span: Span;
}

export type Expression = Constant | List | Path | Not | Logical | Comparison | Arithmetic | Membership | Call;

export type Primitive = null | boolean | number | string;

export interface Constant {
  readonly kind: 'constant';
  readonly value: Primitive | undefined;
  readonly span: Span;
}

export interface List {
  readonly kind: 'list';
  readonly items: readonly (Constant | List)[];
  readonly span: Span;
}

export interface Path {
  readonly kind: 'path';
  /** As written, the source's name in front included. */
  readonly segments: readonly string[];
  readonly span: Span;
}

export interface Not {
  readonly kind: 'not';
  readonly operand: Expression;
  readonly span: Span;
}

/** Two operands or more: `a AND b AND c` is one node. */
export interface Logical {
  readonly kind: 'and' | 'or';
  readonly operands: readonly Expression[];
  readonly span: Span;
}

/** `<>` is read as `!=`. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly operator: '=' | '!=' | '<' | '>' | '<=' | '>=';
  readonly left: Expression;
  readonly right: Expression;
  readonly span: Span;
}

export interface Arithmetic {
  readonly kind: 'arithmetic';
  readonly operator: '+' | '-' | '*' | '/' | '%';
  readonly left: Expression;
  readonly right: Expression;
  readonly span: Span;
}

export interface Membership {
  readonly kind: 'membership';
  readonly operator: 'IN' | 'NIN';
  readonly operand: Expression;
  readonly list: List;
  readonly span: Span;
}

export interface Call {
  readonly kind: 'call';
  /** In capitals; known or not. */
  readonly name: string;
  readonly arguments: readonly Expression[];
  readonly span: Span;
}
