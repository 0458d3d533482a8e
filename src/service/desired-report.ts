import type { JsonObject, TwinDocument } from '../sdk/service-documents.ts';
import { ProgramError, showWaiting, type Waiting } from '../terminal/index.ts';
import type { Console } from './console.ts';
import { poll } from './polling.ts';
import type { Crowd, TargetResult } from './run-on-targets.ts';
import { isNotOlder, isSameJson, lastUpdated, leavesOf, oneLine, valueAt, valuesOf } from './sections.ts';

/** What a device made of its new desired properties. */
export interface DesiredOutcome {
  readonly deviceId: string;
  /** Desired properties before the write. */
  readonly before: JsonObject;
  readonly desired: JsonObject;
  readonly reported: JsonObject;
  /** The `status` that the device reports beside the values, null when it reports none. */
  readonly status: unknown;
  readonly elapsedMs: number;
}

/** A write of desired properties: the twin before and after it, and what was written. */
export interface DesiredWrite {
  readonly before: TwinDocument;
  readonly after: TwinDocument;
  readonly patch: JsonObject;
}

type Report =
  | { readonly kind: 'applied'; readonly status: unknown }
  | { readonly kind: 'failed'; readonly status: unknown; readonly reason: unknown }
  | { readonly kind: 'waiting'; readonly status: unknown };

interface WaitOptions {
  timeoutMs: number;
  crowd: Crowd | undefined;
  startedAt: number;
}

/**
 * Waits until the device reports the values that were written and, where it reports a `status` beside them, `Success`.
 *
 * @returns a failure (7) when the device reports `Error` for this configuration
 * @throws ProgramError `timedOut` that says which values were never reported
 */
export async function waitForReport(
  console: Console,
  write: DesiredWrite,
  options: WaitOptions,
): Promise<TargetResult<DesiredOutcome>> {
  const client = await console.client();
  const { deviceId } = write.after;
  let latest = write.after;
  let seen: unknown = undefined;
  const waiting = startWaiting(console, deviceId, options.crowd !== undefined);
  try {
    const look = async (told?: TwinDocument): Promise<Exclude<Report, { kind: 'waiting' }> | undefined> => {
      latest = told ?? (await client.getTwin(deviceId));
      const now = readReport(write, latest);
      if (now.status !== undefined && now.status !== seen) {
        seen = now.status;
        waiting?.update(`Device "${deviceId}" reports status ${oneLine(now.status)} …`);
      }
      return now.kind === 'waiting' ? undefined : now;
    };
    const report = await waitFor(console, write.after, options, look);
    if (report === undefined) throw neverReported(write, latest);
    const record = outcome(write, latest, { status: report.status, startedAt: options.startedAt });
    return report.kind === 'applied' ? { record } : { record, failure: refused(deviceId, report) };
  } finally {
    waiting?.end();
  }
}

async function waitFor<T>(
  console: Console,
  since: TwinDocument,
  { crowd, timeoutMs }: WaitOptions,
  look: (told?: TwinDocument) => Promise<T | undefined>,
): Promise<T | undefined> {
  if (crowd === undefined) return poll({ timeoutMs, signal: console.signal, prompt: true }, look);
  // A device that has the values already reports nothing.
  const now = await look();
  if (now !== undefined) return now;
  crowd.waits();
  return crowd.reports.until({ since, timeoutMs }, look);
}

function startWaiting(console: Console, deviceId: string, quiet: boolean): Waiting | undefined {
  return quiet
    ? undefined
    : showWaiting(console.terminal, `Waiting until device "${deviceId}" reports the new values …`);
}

/**
 * What the reported properties say about the write. A `status` counts when it is not older than the write, by the hub's
 * clock. A device does nothing about values that are the ones it has, so after a write that changed nothing an older one counts.
 */
export function readReport(write: DesiredWrite, now: TwinDocument): Report {
  const { reported } = now.properties;
  const leaves = leavesOf(write.patch).filter((leaf) => leaf.value !== null);
  const unchanged = leaves.every((leaf) => isSameJson(valueAt(write.before.properties.desired, leaf.path), leaf.value));
  const equal = leaves.every((leaf) => isSameJson(valueAt(reported, leaf.path), leaf.value));
  const status = findStatus(write, reported);
  if (status === undefined) return { kind: equal ? 'applied' : 'waiting', status: undefined };
  const fresh = unchanged || (status.at !== undefined && isNotOlder(status.at, writtenAt(write)));
  if (!fresh) return { kind: 'waiting', status: undefined };
  if (status.value === 'Error' && isForThis(write, reported)) {
    return { kind: 'failed', status: status.value, reason: valueAt(reported, [...status.parent, 'reason']) };
  }
  return { kind: equal && status.value === 'Success' ? 'applied' : 'waiting', status: status.value };
}

interface Status {
  readonly value: unknown;
  readonly at: string | undefined;
  readonly parent: string[];
}

/** The `status` in the same object as one of the values. */
function findStatus(write: DesiredWrite, reported: JsonObject): Status | undefined {
  for (const { path } of leavesOf(write.patch)) {
    const parent = path.slice(0, -1);
    if (path.at(-1) === 'status') continue;
    const value = valueAt(reported, [...parent, 'status']);
    if (typeof value === 'string') return { value, at: lastUpdated(reported, [...parent, 'status']), parent };
  }
  return undefined;
}

/** An error names the configuration that failed, where configurations have names. */
function isForThis(write: DesiredWrite, reported: JsonObject): boolean {
  return leavesOf(write.patch)
    .filter((leaf) => leaf.path.at(-1) === 'configId' && leaf.value !== null)
    .every((leaf) => isSameJson(valueAt(reported, leaf.path), leaf.value));
}

/** When the hub took the write: the newest time on what was written. */
function writtenAt(write: DesiredWrite): string {
  const { desired } = write.after.properties;
  return lastUpdated(desired, []) ?? '';
}

function outcome(
  write: DesiredWrite,
  now: TwinDocument,
  { status, startedAt }: { status: unknown; startedAt: number },
): DesiredOutcome {
  return {
    deviceId: now.deviceId,
    before: valuesOf(write.before.properties.desired),
    desired: valuesOf(now.properties.desired),
    reported: valuesOf(now.properties.reported),
    status: status ?? null,
    elapsedMs: Math.round(performance.now() - startedAt),
  };
}

function refused(deviceId: string, report: { status: unknown; reason: unknown }): ProgramError {
  const reason = typeof report.reason === 'string' ? `: ${report.reason}` : '';
  return new ProgramError(
    'deviceFailed',
    'ConfigurationFailed',
    `device "${deviceId}" refused the configuration${reason}`,
    {
      hint: 'the old configuration stays in force; set a valid one with a new configId',
    },
  );
}

function neverReported(write: DesiredWrite, now: TwinDocument): ProgramError {
  const { reported } = now.properties;
  const missing = leavesOf(write.patch)
    .filter((leaf) => leaf.value !== null && !isSameJson(valueAt(reported, leaf.path), leaf.value))
    .map((leaf) => leaf.path.join('.'));
  const status = findStatus(write, reported);
  const what =
    missing.length > 0
      ? `never reported ${missing.join(', ')} with the value that was set`
      : `reports status ${oneLine(status?.value ?? null)}, not "Success"`;
  return new ProgramError('timedOut', 'NotReported', `device "${now.deviceId}" ${what}`, {
    hint: 'the write itself is done; not every property is reported back by a device, and an offline one reports nothing',
  });
}
