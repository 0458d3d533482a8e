import type { FeedbackAck } from './cloud-to-device-message.ts';

/** What became of a cloud-to-device message. */
export type FeedbackStatus = 'Success' | 'Expired' | 'DeliveryCountExceeded' | 'Rejected' | 'Purged';

/** One record of a feedback batch, members as on the wire. @see service-protocol.md, 10 */
export interface FeedbackRecord {
  readonly originalMessageId: string;
  readonly enqueuedTimeUtc: string;
  readonly statusCode: FeedbackStatus;
  readonly description: string;
  readonly deviceId: string;
  readonly deviceGenerationId: string;
}

export const FEEDBACK_CONTENT_TYPE = 'application/vnd.microsoft.iothub.feedback.json';

/** Whether a sender who asked for `ack` is told of an outcome. */
export function isFeedbackWanted(ack: FeedbackAck, status: FeedbackStatus): boolean {
  if (ack === 'full') return true;
  return ack === (status === 'Success' ? 'positive' : 'negative');
}
