import { setMember, type JsonValue } from '../model/json.ts';
import type { QueryRow, Read } from './source.ts';

/** One member of a result: its key, and where its value comes from. */
export interface Column<From> {
  readonly key: string;
  readonly read: Read<From>;
}

/** The new object that SELECT makes of a row; a column that is undefined is left out. */
export function project<From>(columns: readonly Column<From>[], from: From): QueryRow {
  const result: Record<string, JsonValue> = {};
  for (const { key, read } of columns) {
    const value = read(from);
    if (value !== undefined) setMember(result, key, value);
  }
  return result;
}
