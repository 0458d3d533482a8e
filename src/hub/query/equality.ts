import { primitives, type Setting } from './compile.ts';
import { pathKey, resolvePath } from './property-path.ts';
import type { Expression, Path, Primitive } from './syntax-tree.ts';

/** Every row that matches the query has one of `values` at `path`: what an index can answer before any row is looked at. */
export interface EqualityCandidate {
  /** From the root of the row, canonical: `['tags', 'location', 'plant']`. */
  readonly path: readonly string[];
  /** The path's name for indexes. */
  readonly key: string;
  /** One for `=`, several for IN, none when nothing can match. */
  readonly values: readonly Primitive[];
}

/** The equality predicates that a row must meet whatever else it meets: `=` and IN with constants, joined by AND. */
export function findEqualities<Row>(
  where: Expression | undefined,
  setting: Setting<Row>,
): readonly EqualityCandidate[] {
  if (where === undefined) return [];
  switch (where.kind) {
    case 'and':
      return where.operands.flatMap((operand) => findEqualities(operand, setting));
    case 'comparison': {
      const { left, operator, right } = where;
      if (operator !== '=') return [];
      if (left.kind === 'path' && right.kind === 'constant') return [candidate(left, [right.value], setting)];
      if (left.kind === 'constant' && right.kind === 'path') return [candidate(right, [left.value], setting)];
      return [];
    }
    case 'membership':
      if (where.operator !== 'IN' || where.operand.kind !== 'path') return [];
      return [candidate(where.operand, primitives(where.list), setting)];
    default:
      return [];
  }
}

function candidate<Row>(
  path: Path,
  values: readonly (Primitive | undefined)[],
  { text, source }: Setting<Row>,
): EqualityCandidate {
  const segments = resolvePath(text, path, source);
  const distinct = new Set(values.filter((value) => value !== undefined));
  return { path: segments, key: pathKey(segments), values: [...distinct] };
}
