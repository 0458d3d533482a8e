import { describe, expect, test } from 'vitest';
import type { HubError } from '../../../src/hub/model/hub-error.ts';
import { EventReceivers, type EventReceiver } from '../../../src/hub/operations/event-receivers.ts';

interface Opened {
  readonly close: () => void;
  evictedBy: HubError | undefined;
}

function open(receivers: EventReceivers, epoch?: number, place: Partial<EventReceiver> = {}): Opened {
  const opened: { evictedBy: HubError | undefined } = { evictedBy: undefined };
  const close = receivers.open({
    consumerGroup: '$Default',
    partitionId: '0',
    epoch,
    evict: (error) => (opened.evictedBy = error),
    ...place,
  });
  return Object.assign(opened, { close });
}

describe('receivers that share a partition', () => {
  test('are at most five in a consumer group', () => {
    const receivers = new EventReceivers();
    const five = [1, 2, 3, 4, 5].map(() => open(receivers));
    expect(() => open(receivers)).toThrow(expect.objectContaining({ code: 'IotHubQuotaExceeded' }));
    open(receivers, undefined, { consumerGroup: 'other' });
    open(receivers, undefined, { partitionId: '1' });
    five[0]?.close();
    open(receivers);
  });

  test('end when an exclusive one comes, and cannot come while it is there', () => {
    const receivers = new EventReceivers();
    const shared = open(receivers);
    const exclusive = open(receivers, 0);
    expect(shared.evictedBy?.code).toBe('LinkCreationConflict');
    expect(() => open(receivers)).toThrow(expect.objectContaining({ code: 'LinkCreationConflict' }));
    exclusive.close();
    open(receivers);
  });
});

describe('an exclusive receiver', () => {
  test.each([
    ['higher', 2],
    ['equal', 1],
  ])('gives way to one with an epoch that is %s', (_how, epoch) => {
    const receivers = new EventReceivers();
    const first = open(receivers, 1);
    const second = open(receivers, epoch);
    expect(first.evictedBy?.code).toBe('LinkCreationConflict');
    expect(second.evictedBy).toBeUndefined();
    first.close();
    expect(() => open(receivers, 0)).toThrow(expect.objectContaining({ code: 'LinkCreationConflict' }));
  });
});
