import azureIotDevice, { type Client } from 'azure-iot-device';
import { earliestEventPosition, latestEventPosition, type EventPosition } from '@azure/event-hubs';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

  test('receives what is sent while it listens from the latest, and nothing older', async () => {
    const reading = startReading(newConsumer(hub), latestEventPosition);
    const sending = setInterval(() => void device.sendEvent(message(100)), 50);
    const [event] = await reading.events(1);
    clearInterval(sending);
    expect(event?.body).toEqual({ n: 100 });
    expect(event?.sequenceNumber).toBeGreaterThan(9);
    await reading.close();
  });

  test('begins behind an offset, a sequence number or a time, or with it', async () => {
    const events = await readEvents(newConsumer(hub), earliestEventPosition, 10);
    const { offset, sequenceNumber } = events[4]!;
    const starts: [EventPosition, number][] = [
      [{ offset }, 5],
      [{ offset, isInclusive: true }, 4],
      [{ sequenceNumber }, 5],
      [{ sequenceNumber, isInclusive: true }, 4],
      [{ enqueuedOn: events[0]!.enqueuedTimeUtc.getTime() - 1 }, 0],
    ];
    for (const [position, first] of starts) {
      const [event] = await readEvents(newConsumer(hub), position, 1);
      expect([position, event?.body]).toEqual([position, { n: first }]);
    }
  });

  test('reads the same events in two consumer groups at once', async () => {
    const groups = await Promise.all([
      readEvents(newConsumer(hub, '$Default'), earliestEventPosition, 10),
      readEvents(newConsumer(hub, 'dashboard'), earliestEventPosition, 10),
    ]);
    expect(groups[0].map(({ offset }) => offset)).toEqual(groups[1].map(({ offset }) => offset));
  });

  test('is told how far the partition has come when it tracks that', async () => {
    const consumer = newConsumer(hub);
    const last = await new Promise((resolve) => {
      const subscription = consumer.subscribe(
        {
          processEvents: async (events, context) => {
            if (events.length === 0) return;
            resolve(context.lastEnqueuedEventProperties);
            await subscription.close();
          },
          processError: () => Promise.resolve(),
        },
        { startPosition: earliestEventPosition, trackLastEnqueuedEventProperties: true, maxBatchSize: 1 },
      );
    });
    expect(last).toMatchObject({ sequenceNumber: expect.any(Number), offset: expect.any(String) });
    await consumer.close();
  });

  test('hears that there is no such partition', async () => {
    const consumer = newConsumer(hub);
    await expect(consumer.getPartitionProperties('9')).rejects.toMatchObject({ code: 'ArgumentOutOfRangeError' });
    await consumer.close();
  });

  test('refuses a token of a policy without ServiceConnect', async () => {
    const consumer = newConsumer(hub, '$Default', { policy: 'device', retryOptions: { maxRetries: 0 } });
    await expect(consumer.getEventHubProperties()).rejects.toMatchObject({ code: 'UnauthorizedError' });
    await consumer.close();
  });

  test('speaks TLS to the AMQP port, from a process that trusts the hub', async () => {
    const program = `
      const { EventHubConsumerClient, earliestEventPosition } = require('@azure/event-hubs');
      const consumer = new EventHubConsumerClient('$Default', process.env.EVENT_HUB);
      const subscription = consumer.subscribe({
        processEvents: async (events) => {
          if (events.length === 0) return;
          console.log(JSON.stringify(events[0].body));
          await subscription.close();
          await consumer.close();
        },
        processError: async (error) => console.error(error),
      }, { startPosition: earliestEventPosition });`;
    const folder = await mkdtemp(join(tmpdir(), 'tandem-'));
    await writeFile(join(folder, 'ca.pem'), hub.ca);
    const EVENT_HUB =
      `Endpoint=sb://localhost:${hub.server.ports.amqp}/;SharedAccessKeyName=service;` +
      `SharedAccessKey=${hub.policyKey('service')};EntityPath=localhost`;
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), EVENT_HUB };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { env });
    await rm(folder, { recursive: true });
    expect(JSON.parse(stdout)).toEqual({ n: 0 });
  });
});

describe('exclusive receivers', () => {
  test('a second one with the same owner level ends the first, which hears why', async () => {
    const consumer = newConsumer(hub, 'exclusive');
    let evict: (error: unknown) => void;
    const evicted = new Promise<unknown>((resolve) => (evict = resolve));
    await new Promise<void>((resolve) => {
      consumer.subscribe(
        {
          processEvents: (events) => {
            if (events.length > 0) resolve();
            return Promise.resolve();
          },
          processError: (error) => {
            evict(error);
            return Promise.resolve();
          },
        },
        { startPosition: earliestEventPosition, ownerLevel: 1 },
      );
    });
    const other = newConsumer(hub, 'exclusive');
    const first = await new Promise<unknown>((resolve) => {
      other.subscribe(
        {
          processEvents: (events) => {
            if (events.length > 0) resolve(events[0]?.body);
            return Promise.resolve();
          },
          processError: () => Promise.resolve(),
        },
        { startPosition: earliestEventPosition, ownerLevel: 1 },
      );
    });
    expect(first).toEqual({ n: 0 });
    expect(await evicted).toMatchObject({ code: 'ReceiverDisconnectedError' });
    await Promise.all([consumer.close(), other.close()]);
  });
});
