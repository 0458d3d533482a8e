import type { TestHub } from './hub.ts';
import type { CloudToDeviceMessage } from '../../src/hub/model/cloud-to-device-message.ts';
import type { FeedbackRecord } from '../../src/hub/model/feedback.ts';

/** Queues a message with a text as its body and its id. */
export function sendText(
  hub: TestHub,
  deviceId: string,
  text: string,
  options: Partial<CloudToDeviceMessage> = {},
): Promise<void> {
  return hub.server.hub.cloudToDevice.send(deviceId, {
    body: Buffer.from(text),
    properties: {},
    systemProperties: { 'message-id': text },
    ack: 'none',
    expiresMs: undefined,
    ...options,
  });
}

/** All feedback until now; time goes ahead so that the open batch is sent. */
export async function takeFeedback(hub: TestHub): Promise<FeedbackRecord[]> {
  const { hub: inner } = hub.server;
  await inner.advanceTime(15_000);
  const records: FeedbackRecord[] = [];
  for (let batch = inner.feedback.queue.receive(); batch !== undefined; batch = inner.feedback.queue.receive()) {
    records.push(...(JSON.parse(batch.body) as FeedbackRecord[]));
    await inner.feedback.queue.complete(batch.lockToken);
  }
  return records;
}
