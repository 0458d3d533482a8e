import { parseDirectMethodRequest } from './direct-method.ts';
import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember, type JsonObject, type JsonValue } from './json.ts';
import { formatTimestamp } from './timestamps.ts';
import { parseTwinChange } from './twin.ts';

export type JobType = 'scheduleUpdateTwin' | 'scheduleDeviceMethod';
export type JobStatus = 'queued' | 'scheduled' | 'running' | 'completed' | 'failed' | 'cancelled';

/** How many devices a job has, by how far it is with them. */
export interface JobStatistics extends JsonObject {
  readonly deviceCount: number;
  readonly failedCount: number;
  readonly succeededCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
}

/** What is to be done on each device; `request` is what the caller sent and is shown again. */
export interface JobAction {
  readonly type: JobType;
  readonly request: JsonObject;
}

/** A scheduled job. @see service-protocol.md, "Jobs v2" */
export interface Job {
  readonly jobId: string;
  readonly action: JobAction;
  /** A WHERE expression; `*` = every device. */
  readonly queryCondition: string;
  readonly createdMs: number;
  readonly startMs: number;
  readonly endMs?: number;
  readonly maxExecutionTimeInSeconds: number;
  readonly status: JobStatus;
  readonly failureReason?: string;
  readonly statistics: JobStatistics;
}

export const NO_DEVICES: JobStatistics = {
  deviceCount: 0,
  failedCount: 0,
  succeededCount: 0,
  runningCount: 0,
  pendingCount: 0,
};

const DEFAULT_MAX_EXECUTION_SECONDS = 3600;
const MAX_JOB_ID_CHARS = 128;
const JOB_ID = /^[!-.0-~]+$/;

/**
 * Reads the body of a job PUT. The query condition is checked by the caller.
 *
 * @param jobId the id of the path, which the body must repeat if it names one
 * @throws HubError ArgumentInvalid, ArgumentNull
 */
export function parseJob(jobId: string, body: unknown, nowMs: number): Job {
  if (jobId.length > MAX_JOB_ID_CHARS) throw invalid(`jobId is longer than ${MAX_JOB_ID_CHARS} characters`);
  if (!JOB_ID.test(jobId)) throw invalid(`jobId '${jobId}' must be made of visible ASCII characters but the slash`);
  if (!isJsonObject(body)) throw invalid('a job must be a JSON object');
  const bodyId = ownMember(body, 'jobId') ?? jobId;
  if (typeof bodyId === 'object' || String(bodyId) !== jobId) {
    throw invalid(`the body speaks of job ${JSON.stringify(bodyId)}, the path of '${jobId}'`);
  }
  return {
    jobId,
    action: parseAction(body),
    queryCondition: parseQueryCondition(ownMember(body, 'queryCondition')),
    createdMs: nowMs,
    startMs: parseStartTime(ownMember(body, 'startTime'), nowMs),
    maxExecutionTimeInSeconds: parseMaxExecutionTime(ownMember(body, 'maxExecutionTimeInSeconds')),
    status: 'queued',
    statistics: NO_DEVICES,
  };
}

/** Whether nothing more happens to it. */
export function isJobOver({ status }: Job): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** The job as GET shows it. */
export function jobDocument(job: Job): JsonObject {
  const { request, type } = job.action;
  return {
    jobId: job.jobId,
    createdTime: formatTimestamp(job.createdMs),
    startTime: formatTimestamp(job.startMs),
    ...(job.endMs === undefined ? {} : { endTime: formatTimestamp(job.endMs) }),
    maxExecutionTimeInSeconds: job.maxExecutionTimeInSeconds,
    type,
    queryCondition: job.queryCondition,
    ...(type === 'scheduleUpdateTwin'
      ? { updateTwin: { ...request, deviceId: null } }
      : { cloudToDeviceMethod: request }),
    status: job.status,
    ...(job.failureReason === undefined ? {} : { failureReason: job.failureReason }),
    deviceJobStatistics: job.statistics,
  };
}

/** The counts with one device more in `to` and one less in `from`. */
export function moveDevice(
  statistics: JobStatistics,
  from: 'pendingCount' | 'runningCount',
  to: 'runningCount' | 'succeededCount' | 'failedCount',
): JobStatistics {
  return { ...statistics, [from]: statistics[from] - 1, [to]: statistics[to] + 1 };
}

/** The short answer to a creation. */
export function newJobDocument(job: Job): JsonObject {
  return { jobId: job.jobId, type: job.action.type, status: job.status };
}

function parseAction(body: JsonObject): JobAction {
  const type = ownMember(body, 'type');
  switch (type) {
    case 'scheduleUpdateTwin':
    case 'scheduleTwinUpdate': // its name in older versions
      return { type: 'scheduleUpdateTwin', request: checkTwinUpdate(ownMember(body, 'updateTwin')) };
    case 'scheduleDeviceMethod':
      return { type, request: checkMethod(ownMember(body, 'cloudToDeviceMethod')) };
    default:
      throw invalid(`type must be scheduleUpdateTwin or scheduleDeviceMethod, got ${JSON.stringify(type)}`);
  }
}

function checkTwinUpdate(request: JsonValue | undefined): JsonObject {
  if (!isJsonObject(request)) throw new HubError('ArgumentNull', 'updateTwin is missing');
  if (ownMember(request, 'etag') !== '*') {
    throw invalid('this type of job is a forced update, which only accepts * as the ETag of updateTwin');
  }
  parseTwinChange(request);
  return request;
}

function checkMethod(request: JsonValue | undefined): JsonObject {
  if (!isJsonObject(request)) throw new HubError('ArgumentNull', 'cloudToDeviceMethod is missing');
  parseDirectMethodRequest(request);
  return request;
}

/** Absent and empty mean every device, as `*` does. */
function parseQueryCondition(value: JsonValue | undefined): string {
  if (value === undefined || value === null || value === '') return '*';
  if (typeof value !== 'string') throw invalid('queryCondition must be a string');
  return value.trim();
}

function parseStartTime(value: JsonValue | undefined, nowMs: number): number {
  if (value === undefined || value === null || value === '') return nowMs;
  const startMs = typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(startMs)) throw invalid(`startTime must be an ISO 8601 time, got ${JSON.stringify(value)}`);
  return startMs;
}

function parseMaxExecutionTime(value: JsonValue | undefined): number {
  if (value === undefined || value === null) return DEFAULT_MAX_EXECUTION_SECONDS;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    throw invalid(`maxExecutionTimeInSeconds must be a whole number from 1, got ${JSON.stringify(value)}`);
  }
  return value;
}

function invalid(message: string): HubError {
  return new HubError('ArgumentInvalid', message);
}
