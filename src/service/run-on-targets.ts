import {
  type Column,
  EXIT_CODES,
  ProgramError,
  recordWriter,
  type RecordWriter,
  reportError,
  showProgress,
} from '../terminal/index.ts';
import { inOrder } from './concurrency.ts';
import { confirmOrRefuse } from './confirm.ts';
import type { Console } from './console.ts';
import { findTargets, type Selection, type TargetOptions } from './targets.ts';

/** What one device gave back; a failure that is an answer too (a method's status 500) comes with its record. */
export interface TargetResult<Data> {
  readonly record: Data;
  readonly failure?: ProgramError;
}

/** What a command does to one device, and how its result looks. */
export interface TargetOperation<Data extends object> {
  /** What happens, for progress and questions: `reboot`. */
  readonly verb: string;
  readonly run: (deviceId: string) => Promise<TargetResult<Data>>;
  /** Lines for people, when one device was named. */
  readonly render: (record: Data) => string[];
  /** Columns of the table of several devices, behind deviceId. */
  readonly columns: readonly Column<Data>[];
  /** With `--dry-run`: what would be sent. */
  readonly plan?: (deviceId: string) => object;
  /** Asks also for `--where` and for a single device: deleting. */
  readonly alwaysAsk?: boolean;
  /** The records hold keys that were asked for. */
  readonly secret?: boolean;
}

interface Outcome<Data> {
  readonly deviceId: string;
  readonly record?: Data;
  readonly error?: ProgramError;
}

/**
 * Runs an operation on every selected device, several at a time: questions, progress, records, summary and exit code
 * are the same for all commands, here.
 */
export async function runOnTargets<Data extends object>(
  console: Console,
  selection: Selection,
  options: TargetOptions,
  operation: TargetOperation<Data>,
): Promise<void> {
  const deviceIds = await findTargets(console, selection, options);
  if (options.dryRun === true && operation.plan !== undefined) {
    await showPlan(console, selection, deviceIds, operation.plan);
    return;
  }
  if ((selection.kind === 'all' || operation.alwaysAsk === true) && deviceIds.length > 0) {
    const what = selection.kind === 'device' ? `device "${selection.deviceId}"` : `${deviceIds.length} devices`;
    await confirmOrRefuse(console, `${operation.verb} ${what}`, options.yes);
  }
  if (selection.kind === 'device') await runOnOne(console, selection.deviceId, operation);
  else await runOnMany(console, deviceIds, { ...operation, concurrency: options.concurrency });
}

async function runOnOne<Data extends object>(
  console: Console,
  deviceId: string,
  operation: TargetOperation<Data>,
): Promise<void> {
  const { record, failure } = await operation.run(deviceId);
  const secret = operation.secret === true;
  if (console.options.output === 'table') {
    const text = operation.render(record).join('\n');
    await (secret ? console.terminal.printSecret(text) : console.terminal.print(text));
  } else {
    const writer = recordWriter<Data>(console.terminal, { format: console.options.output, single: true, secret });
    await writer.write(record);
    await writer.end();
  }
  if (failure !== undefined) throw failure;
}

async function runOnMany<Data extends object>(
  console: Console,
  deviceIds: readonly string[],
  operation: TargetOperation<Data> & { concurrency: number },
): Promise<void> {
  const progress = showProgress(console.terminal, operation.verb, deviceIds.length);
  const writer = manyWriter(console, operation);
  const errors: ProgramError[] = [];
  const attempt = async (deviceId: string): Promise<Outcome<Data>> => {
    const outcome = await runSafely(deviceId, operation);
    progress.step(outcome.error === undefined ? 'done' : 'failed');
    if (outcome.error !== undefined) errors.push(outcome.error);
    return outcome;
  };
  try {
    const { concurrency } = operation;
    for await (const outcome of inOrder(deviceIds, { concurrency, signal: console.signal }, attempt)) {
      await writer.write(outcome);
    }
    await writer.end();
  } finally {
    progress.end();
  }
  summarize(console, operation.verb, { total: deviceIds.length, errors });
}

/** Expected failures are the outcome of one device; a bug ends the run. */
async function runSafely<Data extends object>(
  deviceId: string,
  operation: TargetOperation<Data>,
): Promise<Outcome<Data>> {
  try {
    const { record, failure } = await operation.run(deviceId);
    return { deviceId, record, ...(failure === undefined ? {} : { error: failure }) };
  } catch (error) {
    if (error instanceof ProgramError) return { deviceId, error };
    throw error;
  }
}

function manyWriter<Data extends object>(
  console: Console,
  operation: TargetOperation<Data>,
): RecordWriter<Outcome<Data>> {
  const { output } = console.options;
  const secret = operation.secret === true;
  if (output !== 'table') {
    const writer = recordWriter<object>(console.terminal, { format: output, secret });
    return { write: (outcome) => writer.write(outcomeRecord(outcome)), end: () => writer.end() };
  }
  const columns: Column<Outcome<Data>>[] = [
    { title: 'deviceId', value: (outcome) => outcome.deviceId },
    ...operation.columns.map(({ title, value }) => ({
      title,
      value: (outcome: Outcome<Data>) => (outcome.record === undefined ? '' : value(outcome.record)),
    })),
    { title: 'result', value: (outcome) => outcome.error?.message ?? 'done' },
  ];
  return recordWriter(console.terminal, { format: 'table', columns, secret });
}

function outcomeRecord<Data extends object>({ deviceId, record, error }: Outcome<Data>): object {
  if (error === undefined) return record ?? { deviceId };
  return { deviceId, ...record, error: reportError(error) };
}

function summarize(console: Console, verb: string, { total, errors }: { total: number; errors: ProgramError[] }): void {
  const [first] = errors;
  const done = total - errors.length;
  console.terminal.notice(`${verb}: ${done} of ${total} done${first === undefined ? '' : `, ${errors.length} failed`}`);
  if (first === undefined) return;
  // One selected device is not "several": its own reason says more.
  console.endWith(total === 1 ? first.exitCode : EXIT_CODES.someFailed);
}

async function showPlan(
  console: Console,
  selection: Selection,
  deviceIds: readonly string[],
  plan: (deviceId: string) => object,
): Promise<void> {
  const writer = recordWriter<object>(console.terminal, {
    format: console.options.output,
    single: selection.kind === 'device',
  });
  for (const deviceId of deviceIds) await writer.write({ deviceId, dryRun: true, ...plan(deviceId) });
  await writer.end();
  console.terminal.notice(
    `Dry run: ${deviceIds.length} ${deviceIds.length === 1 ? 'device' : 'devices'}, nothing was sent.`,
  );
}
