/** An entry of a queue that services receive from (feedback batches, file notifications), locked for one receiver. */
export interface ServiceMessage {
  readonly lockToken: string;
  readonly sequenceNumber: number;
  readonly enqueuedMs: number;
  readonly deliveryCount: number;
  /** JSON text. */
  readonly body: string;
  readonly contentType: string;
  /** The hub's name. */
  readonly userId: string;
}
