import type { Colours } from './colours.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { ProgramError } from './program-error.ts';

/** An error as it is told: to a person in lines, to a program as one JSON object. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly exitCode: number;
  readonly trackingId?: string;
}

/** How errors are written, known before the options are parsed, because a wrong option is an error too. */
export interface ReportStyle {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Name the page that has more, for a person at a terminal. */
  readonly readOn?: boolean;
}

/** What `error` means to the caller. Anything but a ProgramError is a bug of ours, and says so. */
export function reportError(error: unknown): ErrorReport {
  if (!(error instanceof ProgramError)) return bugReport(error);
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    exitCode: error.exitCode,
    ...(error.trackingId === undefined ? {} : { trackingId: error.trackingId }),
  };
}

/** The lines for stderr: one JSON object with `-o json|ndjson`, otherwise the message, what to do, and with `--verbose` the causes and the stack. */
export function renderError(error: unknown, style: ReportStyle, colours: Colours): string[] {
  const report = reportError(error);
  if (style.json) return [JSON.stringify({ error: { ...report, ...(style.verbose ? verboseMembers(error) : {}) } })];
  const lines = [`${colours.red.bold('error:')} ${report.message}`];
  if (report.hint !== undefined) lines.push(...report.hint.split('\n').map((line) => `  ${line}`));
  // Who has mistyped needs the hint alone.
  const isTyping = report.exitCode === EXIT_CODES.wrongCall;
  if (style.verbose || (style.readOn === true && !isTyping))
    lines.push(colours.dim(`  read on: ${troubleshooting(report.exitCode)}`));
  if (report.trackingId !== undefined && style.verbose) lines.push(`  tracking id: ${report.trackingId}`);
  if (style.verbose) {
    lines.push(`  code: ${report.code}, exit code: ${report.exitCode}`);
    lines.push(...causes(error).map((cause) => `  caused by: ${cause}`));
    if (error instanceof Error && error.stack !== undefined) lines.push(colours.dim(error.stack));
  }
  return lines;
}

/** Where docs/ tells what is behind an exit code most often; in the repository, and in the installed package. */
export function troubleshooting(exitCode: number): string {
  return `docs/troubleshooting.md#exit-code-${exitCode}`;
}

/** Reads `--verbose` and `-o json|ndjson` from the raw arguments, as far as `--`. */
export function reportStyle(argv: readonly string[]): ReportStyle {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const json = own.some((word, index) => {
    const value = word === '-o' || word === '--output' ? own[index + 1] : /^(?:-o=?|--output=)(.+)$/.exec(word)?.[1];
    return value === 'json' || value === 'ndjson';
  });
  return { json, verbose: own.includes('--verbose') };
}

function bugReport(error: unknown): ErrorReport {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: 'Bug',
    message: `this is a bug in the program, not in your call: ${text}`,
    hint: 'please report it with the command and what --verbose adds',
    exitCode: EXIT_CODES.failed,
  };
}

function verboseMembers(error: unknown): { causes: string[]; stack?: string } {
  const stack = error instanceof Error ? error.stack : undefined;
  return { causes: causes(error), ...(stack === undefined ? {} : { stack }) };
}

function causes(error: unknown): string[] {
  const found: string[] = [];
  let cause: unknown = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && found.length < 5) {
    found.push(cause instanceof Error ? `${cause.name}: ${cause.message}` : JSON.stringify(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return found;
}
