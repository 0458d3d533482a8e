import { type Column, type ProgramError, recordWriter, type RecordWriter, reportError } from '../terminal/index.ts';
import type { Console } from './console.ts';

/** What became of one device. */
export interface TargetOutcome<Data> {
  readonly deviceId: string;
  readonly record?: Data;
  readonly error?: ProgramError;
}

/** Writes what became of each of several devices: a row of the table, or a record. */
export function outcomeWriter<Data extends object>(
  console: Console,
  operation: { readonly columns: readonly Column<Data>[]; readonly secret?: boolean },
): RecordWriter<TargetOutcome<Data>> {
  const { output } = console.options;
  const secret = operation.secret === true;
  if (output !== 'table') {
    const writer = recordWriter<object>(console.terminal, { format: output, secret });
    return { write: (outcome) => writer.write(outcomeRecord(outcome)), end: () => writer.end() };
  }
  const columns: Column<TargetOutcome<Data>>[] = [
    { title: 'deviceId', value: (outcome) => outcome.deviceId },
    ...operation.columns.map(({ value, ...column }) => ({
      ...column,
      value: (outcome: TargetOutcome<Data>) => (outcome.record === undefined ? '' : value(outcome.record)),
    })),
    { title: 'result', value: (outcome) => outcome.error?.message ?? 'done' },
  ];
  return recordWriter(console.terminal, { format: 'table', columns, secret });
}

/** What a program gets: the record, and with it the error where it failed. */
export function outcomeRecord<Data extends object>({ deviceId, record, error }: TargetOutcome<Data>): object {
  if (error === undefined) return record ?? { deviceId };
  return { deviceId, ...record, error: reportError(error) };
}
