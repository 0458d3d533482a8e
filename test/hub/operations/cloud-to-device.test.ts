import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SqliteJournal } from '../../../src/hub/index.ts';
import type { FeedbackAck, ReceivedMessage } from '../../../src/hub/model/cloud-to-device-message.ts';
import { sendText, takeFeedback } from '../../support/cloud-to-device.ts';
import { startHub, type TestHub } from '../../support/hub.ts';

let hub: TestHub;
let lastDevice = 0;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

async function newDevice(): Promise<string> {
  lastDevice += 1;
  return (await hub.createDevice(`device-${lastDevice}`)).deviceId;
}

const queues = (): TestHub['server']['hub']['cloudToDevice'] => hub.server.hub.cloudToDevice;

function receive(deviceId: string, holder?: object): ReceivedMessage {
  const message = queues().receive(deviceId, { holder });
  if (message === undefined) throw new Error('there is no message');
  return message;
}

const text = (message: ReceivedMessage | undefined): string | undefined => message?.body.toString();

describe('sending a cloud-to-device message', () => {
  test('an unknown device is refused', async () => {
    await expect(sendText(hub, 'nobody', 'a')).rejects.toMatchObject({ code: 'DeviceNotFound' });
  });

  test('the 51st message is refused, also while some are locked', async () => {
    const deviceId = await newDevice();
    for (let index = 0; index < 50; index += 1) await sendText(hub, deviceId, String(index));
    receive(deviceId);
    await expect(sendText(hub, deviceId, 'x')).rejects.toMatchObject({
      code: 'DeviceMaximumQueueDepthExceeded',
      number: 403004,
    });
    await queues().complete(deviceId, receive(deviceId).lockToken);
    await sendText(hub, deviceId, 'y');
    expect(queues().count(deviceId)).toBe(50);
  });

  test('more than 64 KB are refused, properties counted', async () => {
    const deviceId = await newDevice();
    const body = Buffer.alloc(64 * 1024 - 4);
    await sendText(hub, deviceId, '', { body, systemProperties: {}, properties: { ab: 'cd' } });
    await expect(
      sendText(hub, deviceId, '', { body, systemProperties: {}, properties: { ab: 'cde' } }),
    ).rejects.toMatchObject({ code: 'MessageTooLarge' });
  });

  test('an expiry in the past or beyond two days is refused', async () => {
    const deviceId = await newDevice();
    for (const expiresMs of [Date.now() - 1, Date.now() + 49 * 3_600_000, NaN]) {
      await expect(sendText(hub, deviceId, 'a', { expiresMs })).rejects.toMatchObject({
        code: 'InvalidMessageExpiryTime',
      });
    }
  });

  test('the count stands in identity and twin, and in queries', async () => {
    const deviceId = await newDevice();
    await sendText(hub, deviceId, 'a');
    await sendText(hub, deviceId, 'b');
    const { responseBody: identity } = await hub.registry().get(deviceId);
    const { responseBody: twin } = await hub.registry().getTwin(deviceId);
    expect([identity.cloudToDeviceMessageCount, Reflect.get(twin, 'cloudToDeviceMessageCount')]).toEqual([2, 2]);
  });
});

describe('settling a cloud-to-device message', () => {
  test('messages come oldest first, each to one holder', async () => {
    const deviceId = await newDevice();
    for (const body of ['a', 'b', 'c']) await sendText(hub, deviceId, body);
    expect([receive(deviceId), receive(deviceId), receive(deviceId)].map(text)).toEqual(['a', 'b', 'c']);
    expect(queues().receive(deviceId)).toBeUndefined();
    expect(queues().count(deviceId)).toBe(3);
  });

  test('a completed message is gone, and its lock token worth nothing', async () => {
    const deviceId = await newDevice();
    await sendText(hub, deviceId, 'a');
    const { lockToken } = receive(deviceId);
    await queues().complete(deviceId, lockToken);
    expect(queues().count(deviceId)).toBe(0);
    await expect(queues().complete(deviceId, lockToken)).rejects.toMatchObject({
      code: 'DeviceMessageLockLost',
      number: 412002,
    });
  });

  test("another device's lock token is worth nothing", async () => {
    const [deviceId, other] = [await newDevice(), await newDevice()];
    await sendText(hub, deviceId, 'a');
    const { lockToken } = receive(deviceId);
    await expect(queues().complete(other, lockToken)).rejects.toMatchObject({ code: 'DeviceMessageLockLost' });
    await queues().complete(deviceId, lockToken);
  });

  test('an abandoned message comes first again and counts; the tenth time it is dead', async () => {
    const deviceId = await newDevice();
    await sendText(hub, deviceId, 'a', { ack: 'full' });
    await sendText(hub, deviceId, 'b');
    for (let count = 0; count < 10; count += 1) {
      const message = receive(deviceId);
      expect([text(message), message.deliveryCount, message.redelivered]).toEqual(['a', count, count > 0]);
      await queues().abandon(deviceId, message.lockToken);
    }
    expect(text(receive(deviceId))).toBe('b');
    expect(await takeFeedback(hub)).toMatchObject([{ originalMessageId: 'a', statusCode: 'DeliveryCountExceeded' }]);
  });

  test('after 60 seconds the lock is lost, which does not count as a delivery', async () => {
    const deviceId = await newDevice();
    await sendText(hub, deviceId, 'a');
    const { lockToken } = receive(deviceId);
    await hub.server.hub.advanceTime(60_000);
    await expect(queues().complete(deviceId, lockToken)).rejects.toMatchObject({ code: 'DeviceMessageLockLost' });
    expect(receive(deviceId)).toMatchObject({ deliveryCount: 0, redelivered: true });
  });

  test('what a holder leaves unsettled is free at once, in its old place', async () => {
    const deviceId = await newDevice();
    for (const body of ['a', 'b', 'c']) await sendText(hub, deviceId, body);
    const holder = {};
    receive(deviceId, holder);
    receive(deviceId, holder);
    queues().releaseHeldBy(holder);
    const again = [receive(deviceId), receive(deviceId), receive(deviceId)];
    expect(again.map((message) => [text(message), message.deliveryCount])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 0],
    ]);
  });

  test('sequence numbers grow, also over an empty queue', async () => {
    const deviceId = await newDevice();
    await sendText(hub, deviceId, 'a');
    const first = receive(deviceId);
    await queues().complete(deviceId, first.lockToken);
    await sendText(hub, deviceId, 'b');
    expect(receive(deviceId).sequenceNumber).toBeGreaterThan(first.sequenceNumber);
  });

  test('an expired message is not delivered, nor does it take a place', async () => {
    const deviceId = await newDevice();
    await sendText(hub, deviceId, 'a', { expiresMs: Date.now() + 5_000 });
    await sendText(hub, deviceId, 'b');
    hub.server.hub.clock.advance(5_001);
    expect(text(queues().receive(deviceId))).toBe('b');
    await hub.server.hub.sweep();
    expect(queues().count(deviceId)).toBe(1);
  });

  test('a purge takes all, locked ones too', async () => {
    const deviceId = await newDevice();
    await sendText(hub, deviceId, 'a');
    await sendText(hub, deviceId, 'b');
    receive(deviceId);
    expect(await queues().purge(deviceId)).toEqual({ totalMessagesPurged: 2 });
    expect(queues().count(deviceId)).toBe(0);
    await expect(queues().purge('nobody')).rejects.toMatchObject({ code: 'DeviceNotFound' });
  });

  test('a deleted device takes its queue with it', async () => {
    const deviceId = await newDevice();
    await sendText(hub, deviceId, 'a', { ack: 'full' });
    await hub.registry().delete(deviceId);
    expect(queues().count(deviceId)).toBe(0);
    await hub.createDevice(deviceId);
    expect(queues().receive(deviceId)).toBeUndefined();
  });
});

describe('feedback', () => {
  const outcomes: readonly [string, (deviceId: string) => Promise<unknown>][] = [
    ['Success', (deviceId) => queues().complete(deviceId, receive(deviceId).lockToken)],
    ['Rejected', (deviceId) => queues().reject(deviceId, receive(deviceId).lockToken)],
    ['Purged', (deviceId) => queues().purge(deviceId)],
    ['Expired', () => hub.server.hub.advanceTime(3_600_001)],
  ];
  const wanted: Record<FeedbackAck, readonly string[]> = {
    none: [],
    positive: ['Success'],
    negative: ['Rejected', 'Purged', 'Expired'],
    full: ['Success', 'Rejected', 'Purged', 'Expired'],
  };

  test.each(['none', 'positive', 'negative', 'full'] as const)('with iothub-ack %s', async (ack) => {
    const device = await newDevice();
    const { responseBody: identity } = await hub.registry().get(device);
    for (const [outcome, bringAbout] of outcomes) {
      await sendText(hub, device, outcome, { ack });
      await bringAbout(device);
    }
    const records = await takeFeedback(hub);
    expect(records.map(({ statusCode }) => statusCode)).toEqual(wanted[ack]);
    for (const record of records) {
      expect(record).toEqual({
        originalMessageId: record.statusCode,
        enqueuedTimeUtc: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        statusCode: record.statusCode,
        description: record.statusCode,
        deviceId: device,
        deviceGenerationId: String(Reflect.get(identity, 'generationId')),
      });
    }
  });

  test('a batch waits 15 seconds, or for 64 records', async () => {
    const devices = [await newDevice(), await newDevice()];
    for (let index = 0; index < 65; index += 1) {
      await sendText(hub, devices[index % 2] ?? '', String(index), { ack: 'full' });
    }
    const { queue } = hub.server.hub.feedback;
    for (const device of devices) await queues().purge(device);
    const full = queue.receive();
    expect(JSON.parse(full?.body ?? '[]')).toHaveLength(64);
    expect(full?.contentType).toBe('application/vnd.microsoft.iothub.feedback.json');
    expect(queue.receive()).toBeUndefined();
    await queue.complete(full?.lockToken ?? '');
    await hub.server.hub.advanceTime(14_000);
    expect(queue.receive()).toBeUndefined();
    expect(await takeFeedback(hub)).toHaveLength(1);
  });

  test('an abandoned batch comes again, a held one after its lock is lost', async () => {
    const device = await newDevice();
    await sendText(hub, device, 'a', { ack: 'full' });
    await queues().purge(device);
    await hub.server.hub.advanceTime(15_000);
    const { queue } = hub.server.hub.feedback;
    await queue.abandon(queue.receive()?.lockToken ?? '');
    expect(queue.receive()).toMatchObject({ deliveryCount: 1 });
    expect(queue.receive()).toBeUndefined();
    await hub.server.hub.advanceTime(60_000);
    await queue.complete(queue.receive()?.lockToken ?? '');
    expect(queue.size).toBe(0);
  });
});

test('queue, delivery count and feedback outlive the hub', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-queue-'));
  try {
    const file = join(folder, 'state.db');
    await using first = await startHub({ journal: new SqliteJournal(file) });
    const { cloudToDevice } = first.server.hub;
    await first.createDevice('kept');
    for (const body of ['done', 'again', 'next']) await sendText(first, 'kept', body, { ack: 'full' });
    const take = (): ReceivedMessage | undefined => cloudToDevice.receive('kept');
    await cloudToDevice.complete('kept', take()?.lockToken ?? '');
    await cloudToDevice.abandon('kept', take()?.lockToken ?? '');
    take();
    await first.close();

    await using second = await startHub({ journal: new SqliteJournal(file) });
    const later = second.server.hub.cloudToDevice;
    const messages = [later.receive('kept'), later.receive('kept'), later.receive('kept')];
    expect(messages.map((message) => [text(message), message?.deliveryCount])).toEqual([
      ['again', 1],
      ['next', 0],
      [undefined, undefined],
    ]);
    expect(await takeFeedback(second)).toMatchObject([{ originalMessageId: 'done', statusCode: 'Success' }]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
