import azureIotDevice, { type Client } from 'azure-iot-device';
import { earliestEventPosition, latestEventPosition } from '@azure/event-hubs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { openAmqpDevice } from './clients.ts';
import { newConsumer, readEvents, startReading } from './event-hub-clients.ts';

const { Message } = azureIotDevice;

let hub: TestHub;
let device: Client;
beforeAll(async () => {
  hub = await startHub();
  device = await openAmqpDevice(hub, await hub.createDevice('sender'));
  for (let n = 0; n < 10; n += 1) await device.sendEvent(message(n));
});
afterAll(async () => {
  await device.close();
  await hub.close();
});

function message(n: number): InstanceType<typeof Message> {
  const message = new Message(JSON.stringify({ n }));
  message.messageId = `id-${n}`;
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  message.properties.add('level', n > 5 ? 'high' : 'low');
  return message;
}

describe('the Event Hubs client', () => {
  test('finds the partitions and what is in them', async () => {
    const consumer = newConsumer(hub);
    const properties = await consumer.getEventHubProperties();
    expect(properties).toMatchObject({ name: 'localhost', partitionIds: ['0', '1', '2', '3'] });
    const partitions = await Promise.all(properties.partitionIds.map((id) => consumer.getPartitionProperties(id)));
    const filled = partitions.filter(({ isEmpty }) => !isEmpty);
    expect(filled).toHaveLength(1);
    expect(filled[0]).toMatchObject({ beginningSequenceNumber: 0, lastEnqueuedSequenceNumber: 9 });
    await consumer.close();
  });

  test('receives from the earliest what was sent before it connected, with all that the hub says about it', async () => {
    const events = await readEvents(newConsumer(hub), earliestEventPosition, 10);
    expect(events.map(({ body }) => body)).toEqual([...Array(10).keys()].map((n) => ({ n })));
    expect(events.map(({ sequenceNumber }) => sequenceNumber)).toEqual([...Array(10).keys()]);
    expect(events[7]).toMatchObject({
      messageId: 'id-7',
      contentType: 'application/json',
      properties: { level: 'high' },
      systemProperties: {
        'iothub-connection-device-id': 'sender',
        'iothub-connection-auth-method':
          '{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}',
        'iothub-message-source': 'Telemetry',
      },
    });
    expect(events[7]?.enqueuedTimeUtc.getTime()).toBeLessThanOrEqual(Date.now());
  });
});
