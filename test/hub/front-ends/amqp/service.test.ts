import type { Message } from 'azure-iot-device';
import type { Client as ServiceClient } from 'azure-iothub';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../../../support/hub.ts';
import { newMessage, openAmqpDevice, openAmqpService, TRANSPORTS } from './clients.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());

/** The device's next message, not settled. The listener stays: without one the SDK detaches its link. */
function nextMessage(device: { on(event: 'message', listener: (message: Message) => void): unknown }) {
  return new Promise<Message>((resolve) => device.on('message', resolve));
}

describe.each(TRANSPORTS)('a service over %s', (transport) => {
  test('sends a message that the device gets whole', async () => {
    const deviceId = `whole-${transport}`;
    const device = await openAmqpDevice(hub, await hub.createDevice(deviceId), transport);
    const received = nextMessage(device);
    const service = await openAmqpService(hub, transport);
    const message = newMessage('{"on":true}', {
      messageId: 'm-1',
      correlationId: 'c-1',
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      expiryTimeUtc: Date.now() + 600_000,
      properties: { color: 'red' },
    });
    await service.send(deviceId, message);
    const got = await received;
    expect(got).toMatchObject({
      messageId: 'm-1',
      correlationId: 'c-1',
      to: `/devices/${deviceId}/messages/deviceBound`,
    });
    expect(got).toMatchObject({ contentType: 'application/json', contentEncoding: 'utf-8' });
    expect(got.data.toString()).toBe('{"on":true}');
    expect(got.properties.getValue('color')).toBe('red');
    await device.complete(got);
    await Promise.all([device.close(), service.close()]);
  });

  test('hears in feedback what became of its messages', async () => {
    const deviceId = `feedback-${transport}`;
    const device = await openAmqpDevice(hub, await hub.createDevice(deviceId), transport);
    const service = await openAmqpService(hub, transport);
    const receiver = await feedbackReceiver(service);
    const settled = new Promise<void>((resolve) => {
      let count = 0;
      device.on('message', (message: Message) => {
        void (message.messageId === 'bad' ? device.reject(message) : device.complete(message)).then(() => {
          count += 1;
          if (count === 2) resolve();
        });
      });
    });
    for (const messageId of ['good', 'bad']) {
      await service.send(deviceId, newMessage('x', { messageId, ack: 'full' }));
    }
    await settled;
    const feedback = new Promise<{ body: string }>((resolve) => {
      receiver.once('message', (message: { getData(): Buffer }) => resolve({ body: message.getData().toString() }));
    });
    await expect.poll(() => hub.server.hub.cloudToDevice.count(deviceId)).toBe(0);
    await hub.server.hub.advanceTime(15_000);
    expect(JSON.parse((await feedback).body)).toMatchObject([
      { originalMessageId: 'good', statusCode: 'Success', deviceId },
      { originalMessageId: 'bad', statusCode: 'Rejected', deviceId },
    ]);
    await Promise.all([device.close(), service.close()]);
  });
});

function feedbackReceiver(service: ServiceClient): Promise<ServiceClient.ServiceReceiver> {
  return new Promise((resolve, reject) => {
    service.getFeedbackReceiver((error, receiver) => {
      if (receiver === undefined) reject(error ?? new Error('no receiver'));
      else resolve(receiver);
    });
  });
}

describe('what a service may not send', () => {
  test('a message that has expired already', async () => {
    await hub.createDevice('expired');
    const service = await openAmqpService(hub);
    const message = newMessage('x', { expiryTimeUtc: Date.now() - 1000 });
    await expect(service.send('expired', message)).rejects.toMatchObject({ name: 'ArgumentOutOfRangeError' });
    await service.close();
  });

  test('anything, with a policy that has no ServiceConnect', async () => {
    const connectionString = hub.connectionString
      .replace('iothubowner', 'registryRead')
      .replace(/SharedAccessKey=.*/, `SharedAccessKey=${hub.policyKey('registryRead')}`);
    const service = await openAmqpService(hub, 'Amqp', connectionString);
    await expect(service.send('anybody', newMessage('x'))).rejects.toMatchObject({ name: 'UnauthorizedError' });
    await service.close();
  });
});

describe('ids that need care', () => {
  test.each(['a%b', 'with space'.replace(' ', '%20'), "it's+@=:#$!"])('a message reaches %s', async (deviceId) => {
    const device = await openAmqpDevice(hub, await hub.createDevice(deviceId));
    const received = nextMessage(device);
    const service = await openAmqpService(hub);
    await service.send(deviceId, newMessage('x'));
    expect((await received).data.toString()).toBe('x');
    await Promise.all([device.close(), service.close()]);
  });
});
