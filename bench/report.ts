/** One line of the report: what was measured, beside what, and whether the goal is met. */
export interface Comparison {
  readonly what: string;
  readonly ours: number;
  /** Undefined where the peer is not installed. */
  readonly peer: number | undefined;
  readonly peerName: string;
  readonly unit: string;
  readonly goal: Goal;
  /** More to know: how cost grows, other peers. */
  readonly notes?: readonly string[];
}

/** What the ratio ours/peer, or our figure itself, should be. */
export type Goal =
  | { readonly kind: 'ratioAtMost'; readonly limit: number }
  | { readonly kind: 'ratioAtLeast'; readonly limit: number }
  | { readonly kind: 'atMost'; readonly limit: number };

/** The lines that a comparison is shown as. */
export function renderComparison(comparison: Comparison): string[] {
  const { what, ours, peer, peerName, unit, goal, notes = [] } = comparison;
  const ratio = peer === undefined ? undefined : ours / peer;
  const against = peer === undefined ? `${peerName}: not installed, skipped` : `${peerName} ${amount(peer)} ${unit}`;
  const measured = goal.kind === 'atMost' ? ours : ratio;
  return [
    what,
    `  ours ${amount(ours)} ${unit} | ${against} | ratio ${ratio === undefined ? '-' : `${ratio.toFixed(2)}×`} | goal ${describeGoal(goal, unit)} | ${verdict(measured, goal)}`,
    ...notes.map((note) => `  ${note}`),
  ];
}

function describeGoal(goal: Goal, unit: string): string {
  if (goal.kind === 'atMost') return `≤ ${amount(goal.limit)} ${unit}`;
  return `${goal.kind === 'ratioAtMost' ? '≤' : '≥'} ${goal.limit}×`;
}

function verdict(measured: number | undefined, goal: Goal): string {
  if (measured === undefined) return 'no verdict';
  const met = goal.kind === 'ratioAtLeast' ? measured >= goal.limit : measured <= goal.limit;
  return met ? 'met' : 'NOT MET';
}

/** Three significant digits, thousands apart. */
export function amount(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
