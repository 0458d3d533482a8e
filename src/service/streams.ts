import type { Command } from 'commander';
import { duration, wholeNumber, wrongCall } from '../terminal/index.ts';
import type { Console } from './console.ts';

/** The options of whatever goes on until it is stopped. */
export interface StreamOptions {
  readonly count?: number;
  readonly duration?: number;
}

export function addStreamOptions(command: Command): Command {
  return command
    .option(
      '--count <n>',
      'end after so many records (default: go on)',
      wholeNumber('--count', { min: 1, max: 1_000_000 }),
    )
    .option(
      '--duration <duration>',
      'end after this time, such as 30s or 10m (default: go on)',
      duration('--duration', { minMs: 100, maxMs: 30 * 86_400_000 }),
    );
}

/** A JSON document has an end, a stream has none. @throws ProgramError `wrongCall` */
export function refuseJsonOnStream(console: Console, what: string): void {
  if (console.options.output !== 'json') return;
  throw wrongCall(`${what} is a stream, and -o json is one document`, 'use -o ndjson: one document a line');
}

/** Aborted when the program is stopped or the duration is over; `isOver` tells the second. */
export function streamSignal(console: Console, options: StreamOptions): { signal: AbortSignal; isOver: () => boolean } {
  if (options.duration === undefined) return { signal: console.signal, isOver: () => false };
  const limit = AbortSignal.timeout(options.duration);
  return { signal: AbortSignal.any([console.signal, limit]), isOver: () => limit.aborted };
}
