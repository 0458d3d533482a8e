import { HubError, type HubErrorCode } from '../../model/hub-error.ts';
import type { CloseReason } from '../../operations/connections.ts';
import { errorBody, newTrackingId } from '../error-body.ts';
import type { AmqpError } from './transport/link.ts';

/** Conditions that an HTTP status does not say. @see device-protocol.md, 8.6; service-protocol.md, 3.4 */
const CONDITIONS: Partial<Record<HubErrorCode, string>> = {
  InvalidOperation: 'amqp:not-allowed',
  ArgumentInvalid: 'com.microsoft:argument-error',
  ArgumentNull: 'com.microsoft:argument-error',
  IotHubQuotaExceeded: 'amqp:resource-limit-exceeded',
  DeviceMaximumQueueDepthExceeded: 'amqp:resource-limit-exceeded',
  DeviceDisabled: 'amqp:unauthorized-access',
  InvalidMessageExpiryTime: 'com.microsoft:argument-out-of-range',
  LinkCreationConflict: 'amqp:link:stolen',
  PreconditionFailed: 'com.microsoft:precondition-failed',
  DeviceMessageLockLost: 'com.microsoft:message-lock-lost',
};

const CONDITIONS_BY_STATUS: Readonly<Record<number, string>> = {
  400: 'com.microsoft:argument-error',
  401: 'amqp:unauthorized-access',
  403: 'amqp:not-allowed',
  404: 'amqp:not-found',
  413: 'amqp:link:message-size-exceeded',
  429: 'com.microsoft:device-container-throttled',
  503: 'amqp:link:detach-forced',
  504: 'com.microsoft:timeout',
};

/** A refusal in AMQP's words: the description is the JSON body of other protocols. */
export function toAmqpError(error: HubError, nowMs: number): AmqpError {
  return {
    condition: CONDITIONS[error.code] ?? CONDITIONS_BY_STATUS[error.status] ?? 'amqp:internal-error',
    description: JSON.stringify(errorBody(error, nowMs)),
    info: { 'com.microsoft:is-filtered': true, 'com.microsoft:tracking-id': newTrackingId(nowMs) },
  };
}

/** Why the hub ends what a device has open. @see device-protocol.md, 8.6 */
export function closeError(reason: CloseReason, nowMs: number): AmqpError {
  switch (reason) {
    case 'replaced':
      return toAmqpError(new HubError('LinkCreationConflict', 'A newer connection of this device took over.'), nowMs);
    case 'disabled':
      return toAmqpError(new HubError('DeviceDisabled', 'The device was disabled.'), nowMs);
    case 'deleted':
      return toAmqpError(new HubError('DeviceNotFound', 'The device was deleted.'), nowMs);
    case 'tokenExpired':
      return toAmqpError(new HubError('IotHubUnauthorizedAccess', 'The token has expired.'), nowMs);
    case 'stopping':
      return toAmqpError(new HubError('ServiceUnavailable', 'The hub is stopping.'), nowMs);
  }
}

/** A hub that stops, in the words for a whole connection: clients connect again. */
export const CONNECTION_FORCED: AmqpError = {
  condition: 'amqp:connection:forced',
  description: 'The hub is stopping.',
};
