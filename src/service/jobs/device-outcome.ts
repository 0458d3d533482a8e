import { findCodeByName, findCodeName } from '../../sdk/service-codes.ts';
import { isObject, type JsonObject, objectMember } from '../../sdk/service-documents.ts';
import type { ServiceClient } from '../../sdk/service-client.ts';
import { type Column, ProgramError } from '../../terminal/index.ts';
import { quoteConstant } from '../query-text.ts';
import { oneLine } from '../sections.ts';
import type { TargetOutcome } from '../target-outcome.ts';

/** A row of `devices.jobs`: how a job went on one device. */
export type DeviceJob = JsonObject & { readonly deviceId: string };

export const DEVICE_JOB_COLUMNS: readonly Column<DeviceJob>[] = [
  { title: 'state', value: (row) => row['status'] },
  { title: 'status', value: (row) => methodAnswer(row)?.status },
  { title: 'payload', value: (row) => methodAnswer(row)?.payload },
];

/** What became of each device of a job, in the order of their ids. */
export async function readOutcomes(client: ServiceClient, jobId: string): Promise<TargetOutcome<DeviceJob>[]> {
  const outcomes: TargetOutcome<DeviceJob>[] = [];
  const query = `SELECT * FROM devices.jobs WHERE devices.jobs.jobId = ${quoteConstant(jobId)}`;
  for await (const row of client.query(query)) {
    if (!isDeviceJob(row)) continue;
    const { error: _theHubs, ...record } = row;
    const error = failureOf(row);
    outcomes.push({ deviceId: row.deviceId, record, ...(error === undefined ? {} : { error }) });
  }
  return outcomes.sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
}

/** Why it went wrong there: what the hub says, or a method status of 400 and more, which the hub counts as success. */
function failureOf(row: DeviceJob): ProgramError | undefined {
  const { deviceId, status } = row;
  const error = objectMember(row, 'error');
  const answer = methodAnswer(row);
  if (status === 'completed') {
    if (answer === undefined || answer.status < 400) return undefined;
    const text = `device "${deviceId}" answered with status ${answer.status}: ${oneLine(answer.payload ?? null)}`;
    return new ProgramError('deviceFailed', 'MethodFailed', text);
  }
  if (status !== 'failed') {
    return new ProgramError(
      'timedOut',
      'JobNotDone',
      `the job did not come to device "${deviceId}": ${String(status)}`,
    );
  }
  const code = codeName(error['code']);
  const meaning = findCodeByName(code);
  const description = typeof error['description'] === 'string' ? error['description'] : 'the hub gave no reason';
  return new ProgramError(meaning?.exit ?? 'failed', code, `${description} (${code})`, {
    hint: meaning?.remedy.replace('<deviceId>', deviceId),
  });
}

/** The hub's codes come as names, or as numbers. */
function codeName(code: unknown): string {
  const byNumber = /^\d{6}$/.test(String(code)) ? findCodeName(Number(code)) : undefined;
  return byNumber ?? (typeof code === 'string' && code !== '' ? code : 'JobFailed');
}

function methodAnswer(row: JsonObject): { status: number; payload: unknown } | undefined {
  const answer = objectMember(row, 'outcome')['deviceMethodResponse'];
  if (!isObject(answer) || typeof answer['status'] !== 'number') return undefined;
  return { status: answer['status'], payload: answer['payload'] };
}

function isDeviceJob(row: unknown): row is DeviceJob {
  return isObject(row) && typeof row['deviceId'] === 'string';
}
