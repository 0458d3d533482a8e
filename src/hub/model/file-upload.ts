import { HubError } from './hub-error.ts';
import { isJsonObject, ownMember } from './json.ts';

/** @see device-protocol.md, 10 */
export const MAX_ACTIVE_UPLOADS = 10;
export const UPLOAD_TTL_MS = 60 * 60 * 1000;
/** So long an expired upload is told from one that never was. */
export const UPLOAD_MEMORY_MS = 24 * 60 * 60 * 1000;
const MAX_BLOB_NAME_CHARS = 1024;

export const FILE_NOTIFICATION_CONTENT_TYPE = 'application/vnd.microsoft.iothub.filenotification.json';

/** How an upload went, as the device says. */
export interface UploadOutcome {
  readonly correlationId: string;
  readonly isSuccess: boolean;
}

/**
 * The blob that a device wants to upload to, in the folder of the device.
 *
 * @throws HubError ArgumentInvalid
 */
export function parseUploadRequest(deviceId: string, body: unknown): { blobName: string } {
  const blobName = isJsonObject(body) ? ownMember(body, 'blobName') : undefined;
  if (typeof blobName !== 'string' || blobName === '') {
    throw new HubError('ArgumentInvalid', 'blobName must be a string that is not empty');
  }
  const whole = `${deviceId}/${blobName}`;
  if (whole.length > MAX_BLOB_NAME_CHARS) {
    throw new HubError(
      'ArgumentInvalid',
      `blobName is longer than ${MAX_BLOB_NAME_CHARS - deviceId.length - 1} characters`,
    );
  }
  return { blobName: whole };
}

/**
 * Reads a notification: the Node SDK names the upload in the path, the others in the body.
 *
 * @throws HubError ArgumentInvalid, InvalidFileUploadCorrelationId when there is none in either place
 */
export function parseUploadOutcome(correlationId: string | undefined, body: unknown): UploadOutcome {
  if (!isJsonObject(body)) throw new HubError('ArgumentInvalid', 'the notification must be a JSON object');
  const named = correlationId ?? ownMember(body, 'correlationId');
  if (typeof named !== 'string') throw new HubError('InvalidFileUploadCorrelationId', 'correlationId is missing');
  const isSuccess = ownMember(body, 'isSuccess');
  if (typeof isSuccess !== 'boolean') throw new HubError('ArgumentInvalid', 'isSuccess must be true or false');
  return { correlationId: named, isSuccess };
}
