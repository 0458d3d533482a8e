import { expect } from 'vitest';
import type { Behaviour } from './behaviour.ts';
import { eventually, receive, type Stage } from './stage.ts';
import { overMqtt } from './transports.ts';

const DONE_BY_PUBACK = 'over MQTT a message is completed as it is received';

export const CLOUD_TO_DEVICE: readonly Behaviour[] = [
  {
    name: 'gets a message that waited for it, whole, and completes it',
    async arrange(stage) {
      const { deviceId, key } = await stage.newDevice();
      const expiryTimeUtc = Date.now() + 3_600_000;
      await stage.sendToDevice(deviceId, '{"on":true}', {
        messageId: `whole-${deviceId}`,
        correlationId: 'c-1',
        expiryTimeUtc,
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        properties: { color: 'red ü' },
      });
      return async () => {
        const client = await stage.newClient({ deviceId, key });
        const [message] = await receive(client, 1);
        if (message === undefined) return expect.unreachable();
        expect(message.getBytes().toString()).toBe('{"on":true}');
        expect(message).toMatchObject({ messageId: `whole-${deviceId}`, correlationId: 'c-1' });
        // Over HTTPS the SDK leaves properties as the headers that they came in.
        const color = stage.transport === 'Http' ? 'iothub-app-color' : 'color';
        expect(decodeURIComponent(message.properties.getValue(color))).toBe('red ü');
        if (stage.transport !== 'Http') {
          expect(message).toMatchObject({
            to: `/devices/${deviceId}/messages/deviceBound`,
            contentType: 'application/json',
            contentEncoding: 'utf-8',
          });
        }
        await client.complete(message);
        await settled(stage, deviceId);
        stage.backend.outcomes.set(`whole-${deviceId}`, 'Success');
      };
    },
  },
  {
    name: 'gets what waited for it in the order in which it was sent, and then what is sent while it listens',
    async arrange(stage) {
      const device = await stage.newDevice();
      for (const text of ['1', '2', '3']) await stage.sendToDevice(device.deviceId, text, { ack: 'none' });
      return async () => {
        const client = await stage.newClient(device);
        const received: string[] = [];
        const all = receive(client, 4);
        client.on('message', (message) => {
          received.push(message.getBytes().toString());
          void client.complete(message);
        });
        await eventually(() => expect(received).toHaveLength(3));
        await stage.sendToDevice(device.deviceId, '4', { ack: 'none' });
        await all;
        expect(received).toEqual(['1', '2', '3', '4']);
      };
    },
  },
  {
    name: 'rejects a message, which does not come again',
    except: overMqtt(DONE_BY_PUBACK),
    async arrange(stage) {
      const device = await stage.newDevice();
      const messageId = `reject-${device.deviceId}`;
      await stage.sendToDevice(device.deviceId, messageId);
      return async () => {
        const client = await stage.newClient(device);
        const [message] = await receive(client, 1);
        if (message === undefined) return expect.unreachable();
        await client.reject(message);
        await settled(stage, device.deviceId);
        stage.backend.outcomes.set(messageId, 'Rejected');
      };
    },
  },
  {
    name: 'abandons a message, which comes again',
    except: overMqtt(DONE_BY_PUBACK),
    async arrange(stage) {
      const device = await stage.newDevice();
      const messageId = `abandon-${device.deviceId}`;
      await stage.sendToDevice(device.deviceId, messageId);
      return async () => {
        const client = await stage.newClient(device);
        const all = receive(client, 2);
        let times = 0;
        client.on('message', (message) => {
          times += 1;
          void (times < 2 ? client.abandon(message) : client.complete(message));
        });
        expect((await all).map((message) => message.messageId)).toEqual([messageId, messageId]);
        await settled(stage, device.deviceId);
        stage.backend.outcomes.set(messageId, 'Success');
      };
    },
  },
  {
    name: 'gets again what it had received and not settled before it left',
    except: overMqtt(DONE_BY_PUBACK),
    async arrange(stage) {
      const device = await stage.newDevice();
      for (const text of ['1', '2']) await stage.sendToDevice(device.deviceId, text, { ack: 'none' });
      if (stage.transport !== 'Http') {
        await receive(await stage.newClient(device), 2);
        await stage.close();
      }
      return async () => {
        const messages = await receive(await stage.newClient(device), 2);
        expect(messages.map((message) => message.getBytes().toString())).toEqual(['1', '2']);
      };
    },
  },
];

/** Nothing waits for the device any more. */
async function settled(stage: Stage, deviceId: string): Promise<void> {
  await eventually(async () => expect(await stage.queueOf(deviceId)).toBe(0));
}
