import { isObject, type JsonObject } from '../sdk/service-documents.ts';
import { isSameJson } from './sections.ts';

/** Rows of one reading of a query, each under what tells it from the others. */
export type KeyedRows = ReadonlyMap<string, unknown>;

/** How a row differs from the reading before; `present`: it was there when watching began. */
export interface RowChange {
  readonly change: 'present' | 'added' | 'changed' | 'removed';
  readonly row: unknown;
  readonly before?: unknown;
}

/** It changes with every message of a device and says nothing that somebody who watches rows waits for. */
const RESTLESS = 'lastActivityTime';

/**
 * Rows under their keys. Devices, modules and jobs have ids; other rows (aggregates, projections) are told apart by
 * everything in them that is no number, so that a count that grows is a change of its row.
 */
export function keyRows(rows: readonly unknown[]): Map<string, unknown> {
  const keyed = new Map<string, unknown>();
  for (const row of rows) {
    const key = keyOf(row);
    let unique = key;
    for (let again = 2; keyed.has(unique); again++) unique = `${key} ${again}`;
    keyed.set(unique, row);
  }
  return keyed;
}

/** @param before undefined: this is the first reading */
export function changesOf(before: KeyedRows | undefined, after: KeyedRows): Map<string, RowChange> {
  const changes = new Map<string, RowChange>();
  for (const [key, row] of after) {
    const old = before?.get(key);
    if (before === undefined) changes.set(key, { change: 'present', row });
    else if (old === undefined) changes.set(key, { change: 'added', row });
    else if (!isSameJson(calm(old), calm(row))) changes.set(key, { change: 'changed', row, before: old });
  }
  for (const [key, row] of before ?? []) if (!after.has(key)) changes.set(key, { change: 'removed', row });
  return changes;
}

function keyOf(row: unknown): string {
  if (!isObject(row)) return JSON.stringify(row);
  const ids = ['jobId', 'deviceId', 'moduleId'].map((name) => row[name]);
  if (ids.some((id) => typeof id === 'string')) return JSON.stringify(ids);
  return JSON.stringify(Object.entries(row).filter(([, value]) => typeof value !== 'number'));
}

function calm(row: unknown): unknown {
  if (!isObject(row) || !(RESTLESS in row)) return row;
  const { [RESTLESS]: _restless, ...rest }: JsonObject = row;
  return rest;
}
