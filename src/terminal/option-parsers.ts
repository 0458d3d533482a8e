/** What options accept, checked at the door: each maker returns a function for commander's `argParser`. */
import { formatDuration, parseDuration } from './duration.ts';
import { nearest } from './nearest.ts';
import { wrongCall } from './program-error.ts';

/** A whole number within a range: `--concurrency must be a whole number from 1 to 1000, got "ten"`. */
export function wholeNumber(name: string, range: { min: number; max: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= range.min && value <= range.max) return value;
    throw wrongCall(`${name} must be a whole number from ${range.min} to ${range.max}, got ${JSON.stringify(text)}`);
  };
}

/** A duration in milliseconds: `--timeout must be a duration from 5s to 300s, such as 30s or 5m, got "soon"`. */
export function duration(name: string, range: { minMs: number; maxMs: number }): (text: string) => number {
  return (text) => {
    const value = parseDuration(text);
    if (value !== undefined && value >= range.minMs && value <= range.maxMs) return value;
    const limits = `from ${formatDuration(range.minMs)} to ${formatDuration(range.maxMs)}`;
    throw wrongCall(`${name} must be a duration ${limits}, such as 30s or 5m, got ${JSON.stringify(text)}`);
  };
}

/** One of a few words, the nearest named when it is another. */
export function choice<Word extends string>(name: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const near = nearest(text, words);
    throw wrongCall(
      `${name} must be one of ${words.join(', ')}, got ${JSON.stringify(text)}`,
      near === undefined ? undefined : `did you mean ${near}?`,
    );
  };
}

/** Any JSON value; the message shows where the text stops being JSON. */
export function json(name: string): (text: string) => unknown {
  return (text) => parseJson(name, text);
}

/** @throws ProgramError `wrongCall` that names `name` and quotes the text */
export function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text;
    const reason = error instanceof Error ? error.message : String(error);
    throw wrongCall(
      `${name} is not JSON: ${reason}; got ${shown}`,
      `quote it for the shell: '{"key": "value"}', '42', '"text"'`,
    );
  }
}
