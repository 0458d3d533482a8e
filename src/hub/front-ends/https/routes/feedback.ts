import { param, type Route } from '../route.ts';

const FEEDBACK = '/messages/serviceBound/feedback';

/** What became of cloud-to-device messages. @see service-protocol.md, 10 */
export const FEEDBACK_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: FEEDBACK,
    permissions: ['ServiceConnect'],
    run: (hub) => {
      const batch = hub.feedback.queue.receive();
      if (batch === undefined) return { status: 204 };
      return {
        body: Buffer.from(batch.body),
        headers: {
          'content-type': batch.contentType,
          ETag: `"${batch.lockToken}"`,
          'iothub-userid': batch.userId,
          'iothub-enqueuedtime': new Date(batch.enqueuedMs).toISOString(),
          'iothub-deliverycount': String(batch.deliveryCount),
          'iothub-sequencenumber': String(batch.sequenceNumber),
        },
      };
    },
  },
  {
    method: 'DELETE',
    path: `${FEEDBACK}/:lockToken`,
    permissions: ['ServiceConnect'],
    run: async (hub, call) => {
      const { queue } = hub.feedback;
      const lockToken = param(call, 'lockToken');
      await (call.query.has('reject') ? queue.reject(lockToken) : queue.complete(lockToken));
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: `${FEEDBACK}/:lockToken/abandon`,
    permissions: ['ServiceConnect'],
    run: async (hub, call) => {
      await hub.feedback.queue.abandon(param(call, 'lockToken'));
      return { status: 204 };
    },
  },
];
