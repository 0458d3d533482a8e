import { Chalk, type ChalkInstance } from 'chalk';

/** The styles of one stream, which do nothing where it has no colours. */
export type Colours = ChalkInstance;

/** @param on whether the stream has colours at all: the sixteen that every terminal has are enough */
export function makeColours(on: boolean): Colours {
  return new Chalk({ level: on ? 1 : 0 });
}
