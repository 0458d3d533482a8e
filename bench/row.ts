import type { Comparison } from './report.ts';

/** One row of the table in docs/performance.md: runs alone, cleans up behind itself. */
export interface Row {
  readonly name: string;
  /** @param say tells how far it is, on stderr */
  run(say: (line: string) => void): Promise<readonly Comparison[]>;
}
