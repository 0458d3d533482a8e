import { EXIT_CODES, printable, type ProgramError } from '../terminal/index.ts';
import type { Console } from './console.ts';

/** So many failed devices are listed with their reasons; the records have all of them. */
const MAX_LISTED = 20;

export interface FailedTarget {
  readonly deviceId: string;
  readonly error: ProgramError;
}

/**
 * Says how a run on many devices went, and sets its exit code: 8 when some failed, or the one device's own.
 * For people the failed ones are listed; for programs each record says it.
 */
export function summarize(
  console: Console,
  verb: string,
  { total, failed }: { total: number; failed: readonly FailedTarget[] },
): void {
  const { terminal, options } = console;
  const [first] = failed;
  const done = total - failed.length;
  terminal.notice(`${verb}: ${done} of ${total} done${first === undefined ? '' : `, ${failed.length} failed`}`);
  if (first === undefined) return;
  if (options.output === 'table') {
    for (const { deviceId, error } of failed.slice(0, MAX_LISTED)) {
      terminal.notice(`  ${deviceId}: ${printable(error.message)}`);
    }
    if (failed.length > MAX_LISTED) terminal.notice(`  … and ${failed.length - MAX_LISTED} more`);
  }
  console.suggest(
    'write records with -o ndjson > records.ndjson, and --retry-failed records.ndjson repeats what failed',
  );
  // One selected device is not "several": its own reason says more.
  console.endWith(total === 1 ? first.error.exitCode : EXIT_CODES.someFailed);
}

/** Ctrl-C: what was asked of the devices under way may still happen, and nobody has seen it. */
export function sayStopped(
  console: Console,
  verb: string,
  { total, begun, ended, failed }: { total: number; begun: number; ended: number; failed: number },
): void {
  const parts = [
    `${ended - failed} of ${total} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(begun > ended ? [`${begun - ended} under way`] : []),
    ...(total > begun ? [`${total - begun} not begun`] : []),
  ];
  console.terminal.notice(`${verb}: stopped with ${parts.join(', ')}`);
}
