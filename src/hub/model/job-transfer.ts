import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember, type JsonObject, type JsonValue } from './json.ts';
import { formatTimestamp } from './timestamps.ts';

/** What is asked of a job that imports or exports identities through a storage container. */
export interface TransferRequest {
  readonly type: 'import' | 'export';
  /** With its shared access signature; '' for an export. */
  readonly inputBlobContainerUri: string;
  readonly outputBlobContainerUri: string;
  readonly inputBlobName: string;
  readonly outputBlobName: string;
  readonly excludeKeysInExport: boolean;
  readonly includeConfigurations: boolean;
  readonly configurationsBlobName: string;
}

/** An import or export of identities. @see service-protocol.md, 4.7 */
export interface TransferJob {
  readonly jobId: string;
  readonly request: TransferRequest;
  readonly startMs: number;
  readonly endMs?: number;
  readonly status: 'enqueued' | 'running' | 'completed' | 'failed' | 'cancelled';
  /** Per cent. */
  readonly progress: number;
  readonly failureReason?: string;
}

const DEFAULT_DEVICES_BLOB = 'devices.txt';
const DEFAULT_CONFIGURATIONS_BLOB = 'configurations.txt';

/** @throws HubError ArgumentInvalid, ArgumentNull */
export function parseTransferRequest(body: unknown): TransferRequest {
  if (!isJsonObject(body)) throw new HubError('ArgumentInvalid', 'a job must be a JSON object');
  const type = ownMember(body, 'type');
  if (type !== 'import' && type !== 'export') {
    throw new HubError('ArgumentInvalid', `type must be import or export, got ${JSON.stringify(type)}`);
  }
  const text = (name: string, fallback?: string): string => parseText(name, ownMember(body, name), fallback);
  return {
    type,
    inputBlobContainerUri: type === 'import' ? checkUri('inputBlobContainerUri', text('inputBlobContainerUri')) : '',
    outputBlobContainerUri: checkUri('outputBlobContainerUri', text('outputBlobContainerUri')),
    inputBlobName: text('inputBlobName', DEFAULT_DEVICES_BLOB),
    outputBlobName: text('outputBlobName', DEFAULT_DEVICES_BLOB),
    excludeKeysInExport: ownMember(body, 'excludeKeysInExport') === true,
    includeConfigurations: ownMember(body, 'includeConfigurations') === true,
    configurationsBlobName: text('configurationsBlobName', DEFAULT_CONFIGURATIONS_BLOB),
  };
}

export function isTransferOver({ status }: TransferJob): boolean {
  return status !== 'enqueued' && status !== 'running';
}

/** The job as it is shown. */
export function transferDocument(job: TransferJob): JsonObject {
  const { type, inputBlobContainerUri, outputBlobContainerUri, excludeKeysInExport } = job.request;
  return {
    jobId: job.jobId,
    startTimeUtc: formatTimestamp(job.startMs),
    ...(job.endMs === undefined ? {} : { endTimeUtc: formatTimestamp(job.endMs) }),
    type,
    status: job.status,
    progress: job.progress,
    ...(type === 'import' ? { inputBlobContainerUri } : {}),
    outputBlobContainerUri,
    excludeKeysInExport,
    useSecondaryStorageAsSource: false,
    ...(job.failureReason === undefined ? {} : { failureReason: job.failureReason }),
  };
}

function parseText(name: string, value: JsonValue | undefined, fallback?: string): string {
  if (value === undefined || value === null || value === '') {
    if (fallback !== undefined) return fallback;
    throw new HubError('ArgumentNull', `${name} is missing`);
  }
  if (typeof value !== 'string') throw new HubError('ArgumentInvalid', `${name} must be a string`);
  return value;
}

function checkUri(name: string, text: string): string {
  if (!/^https?:\/\/[^/]+\/./.test(text) || !URL.canParse(text)) {
    throw new HubError('ArgumentInvalid', `${name} must be the URI of a container, with its shared access signature`);
  }
  return text;
}
