import { type Column, ProgramError, recordWriter, showProgress } from '../terminal/index.ts';
import { inBatches } from './bulk.ts';
import { inOrder } from './concurrency.ts';
import { confirmOrRefuse } from './confirm.ts';
import type { Console } from './console.ts';
import { ReportWatch } from './report-watch.ts';
import { outcomeWriter, type TargetOutcome } from './target-outcome.ts';
import { type FailedTarget, sayStopped, summarize } from './target-summary.ts';
import { findTargets, meansAll, type Selection, type TargetOptions } from './targets.ts';

/** What one device gave back; a failure that is an answer too (a method's status 500) comes with its record. */
export interface TargetResult<Data> {
  readonly record: Data;
  readonly failure?: ProgramError;
}

/** What an operation on one of several devices knows of the others. */
export interface Crowd {
  /** To be called when from now on it only waits for the device: unless `--concurrency` says otherwise, the next may begin. */
  readonly waits: () => void;
  /** Waits for all of them together. */
  readonly reports: ReportWatch;
}

/** What a command does to one device, and how its result looks. */
export interface TargetOperation<Data extends object> {
  /** What happens, for progress and questions: `reboot`. */
  readonly verb: string;
  readonly run: (deviceId: string, crowd: Crowd | undefined) => Promise<TargetResult<Data>>;
  /** Does several devices in one request, up to 100; used instead of `run` where several are selected. */
  readonly runBatch?: (deviceIds: readonly string[]) => Promise<TargetOutcome<Data>[]>;
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
  /** The next useful command after success on one device. */
  readonly next?: (record: Data) => readonly string[] | undefined;
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
  if ((meansAll(selection) || operation.alwaysAsk === true) && deviceIds.length > 0) {
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
  const { record, failure } = await operation.run(deviceId, undefined);
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
  const next = operation.next?.(record);
  if (next !== undefined) console.suggest(next);
}

async function runOnMany<Data extends object>(
  console: Console,
  deviceIds: readonly string[],
  operation: TargetOperation<Data> & { concurrency: number | undefined },
): Promise<void> {
  const client = await console.client();
  const reports = new ReportWatch(client, console.signal);
  const progress = showProgress(console.terminal, operation.verb, deviceIds.length);
  const writer = outcomeWriter(console, operation);
  const failed: FailedTarget[] = [];
  /** Over, but not written: one before them is still under way. */
  const unwritten = new Set<TargetOutcome<Data>>();
  let begun = 0;
  const attempt = async (unit: readonly string[], waits: () => void): Promise<TargetOutcome<Data>[]> => {
    begun += unit.length;
    const outcomes = await runSafely(unit, operation, { waits, reports });
    for (const outcome of outcomes) {
      unwritten.add(outcome);
      progress.step(outcome.error === undefined ? 'done' : 'failed');
    }
    return outcomes;
  };
  let written = 0;
  const write = async (outcome: TargetOutcome<Data>): Promise<void> => {
    unwritten.delete(outcome);
    written += 1;
    if (outcome.error !== undefined) failed.push({ deviceId: outcome.deviceId, error: outcome.error });
    await writer.write(outcome);
  };
  try {
    const limits = { concurrency: operation.concurrency, signal: console.signal, callLimit: () => client.callLimit };
    const units = operation.runBatch === undefined ? deviceIds.map((deviceId) => [deviceId]) : inBatches(deviceIds);
    for await (const outcomes of inOrder(units, limits, attempt)) {
      for (const outcome of outcomes) await write(outcome);
    }
    await writer.end();
  } catch (error) {
    if (!console.signal.aborted || console.terminal.outputClosed.aborted) throw error;
    for (const outcome of unwritten) await write(outcome);
    await writer.end();
    progress.end();
    sayStopped(console, operation.verb, { total: deviceIds.length, begun, ended: written, failed: failed.length });
    throw error;
  } finally {
    progress.end();
  }
  summarize(console, operation.verb, { total: deviceIds.length, failed });
}

/** Expected failures are the outcome of one device, or of those of one request; a bug ends the run. */
async function runSafely<Data extends object>(
  deviceIds: readonly string[],
  operation: TargetOperation<Data>,
  crowd: Crowd,
): Promise<TargetOutcome<Data>[]> {
  try {
    if (operation.runBatch !== undefined) return await operation.runBatch(deviceIds);
    return await Promise.all(
      deviceIds.map(async (deviceId) => {
        const { record, failure } = await operation.run(deviceId, crowd);
        return { deviceId, record, ...(failure === undefined ? {} : { error: failure }) };
      }),
    );
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    return deviceIds.map((deviceId) => ({ deviceId, error }));
  }
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
