import type { QueryOptions } from '../sdk/service-client.ts';
import { ProgramError } from '../terminal/index.ts';
import type { Console } from './console.ts';

/** The whole query that a person means: a query as it stands, a bare condition, or nothing for all devices. */
export function completeQuery(text: string | undefined, list = '*'): string {
  const given = text?.trim() ?? '';
  if (given === '') return `SELECT ${list} FROM devices`;
  return /^select\b/i.test(given) ? given : `SELECT ${list} FROM devices WHERE ${given}`;
}

/** A text as a constant of the query language. */
export function quoteConstant(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Rows of a query, to the end; a refused one is shown with the place of the error. */
export async function* queryRows(
  console: Console,
  query: string,
  options: QueryOptions = {},
): AsyncGenerator<unknown, void, void> {
  const client = await console.client();
  try {
    yield* client.query(query, options);
  } catch (error) {
    throw withPlace(error, query);
  }
}

/** The refusal with the query under it and a caret at the place, when the hub named one (`… at line 1, column 15`). */
export function withPlace(error: unknown, query: string): unknown {
  if (!(error instanceof ProgramError) || error.exit !== 'wrongCall') return error;
  const place = /\bline (\d+), column (\d+)/.exec(error.message);
  const lines = query.split('\n');
  if (place !== null) lines.splice(Number(place[1]), 0, `${' '.repeat(Math.max(0, Number(place[2]) - 1))}^`);
  return new ProgramError('wrongCall', error.code, error.message, {
    hint: lines.join('\n'),
    trackingId: error.trackingId,
    cause: error,
  });
}
