import type { DirectMethodResponse } from './direct-method.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { JobType } from './job.ts';
import { formatTimestamp } from './timestamps.ts';

/** How a job went, or goes, on one device or module: a row of `devices.jobs`. */
export interface DeviceJob {
  readonly deviceId: string;
  readonly moduleId?: string;
  readonly jobId: string;
  readonly jobType: JobType;
  readonly status: 'pending' | 'running' | 'completed' | 'failed' | 'canceled';
  /** Grows from each row to the next; 20 digits, so that text compares as the number would. */
  readonly order: string;
  readonly createdMs: number;
  readonly startMs: number;
  readonly endMs?: number;
  readonly updatedMs: number;
  /** The device's answer to a direct method. */
  readonly methodResponse?: DirectMethodResponse;
  readonly error?: { readonly code: string; readonly description: string };
}

/** The members of a row in the service's order; one that is undefined is left out. @see service-protocol.md, 6.3 */
export const DEVICE_JOB_MEMBERS = {
  deviceId: (row) => row.deviceId,
  moduleId: (row) => row.moduleId,
  jobId: (row) => row.jobId,
  jobType: (row) => row.jobType,
  status: (row) => row.status,
  startTimeUtc: (row) => formatTimestamp(row.startMs),
  endTimeUtc: (row) => (row.endMs === undefined ? undefined : formatTimestamp(row.endMs)),
  createdDateTimeUtc: (row) => formatTimestamp(row.createdMs),
  lastUpdatedDateTimeUtc: (row) => formatTimestamp(row.updatedMs),
  outcome: (row) => ({
    deviceMethodResponse: row.methodResponse === undefined ? null : { ...row.methodResponse },
  }),
  error: (row) => row.error,
} as const satisfies Record<string, (row: DeviceJob) => JsonValue | undefined>;

/** The row as a query returns it. */
export function deviceJobDocument(row: DeviceJob): JsonObject {
  const members = Object.entries(DEVICE_JOB_MEMBERS).map(([name, read]) => [name, read(row)] as const);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined)) as JsonObject;
}
