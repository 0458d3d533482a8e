/** What people see, and how a program ends: the face of this room. */
export { EXIT_CODES, type ExitName } from './exit-codes.ts';
export { ProgramError, wrongCall } from './program-error.ts';
export { OutputClosed, processTerminal, Terminal, type TerminalOptions } from './terminal.ts';
export { type Program, runProgram, type RunOptions } from './run-program.ts';
export type { Colours } from './colours.ts';
export { addExamples } from './command-line.ts';
export {
  type ErrorReport,
  renderError,
  reportError,
  type ReportStyle,
  reportStyle,
  troubleshooting,
} from './error-report.ts';
export {
  type Column,
  columnText,
  memberColumns,
  OUTPUT_FORMATS,
  type OutputFormat,
  type RecordWriter,
  recordWriter,
  type RecordWriterOptions,
} from './output-format.ts';
export { cellText, renderTable } from './table.ts';
export { csvLine } from './csv.ts';
export { displayWidth, fitText, printable } from './display-text.ts';
export { type Progress, showProgress, showWaiting, type Waiting } from './progress.ts';
export { relativeTime } from './relative-time.ts';
export { formatDuration, parseDuration } from './duration.ts';
export { choice, duration, json, parseJson, wholeNumber } from './option-parsers.ts';
export { nearest } from './nearest.ts';
