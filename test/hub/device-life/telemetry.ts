import { expect } from 'vitest';
import type { Behaviour } from './behaviour.ts';
import { DeviceMessage } from './stage.ts';
import { overAmqp, overMqtt } from './transports.ts';

const NO_BATCH = 'the SDK has batches over HTTPS alone';

export const TELEMETRY: readonly Behaviour[] = [
  {
    name: 'sends telemetry, which a reader gets with all its properties and with what the hub knows of the sender',
    async arrange(stage) {
      const device = await stage.newDevice();
      return async () => {
        const client = await stage.open(device);
        const message = new DeviceMessage('{"temperature":21}');
        message.messageId = '2c1ff0d1-1f0e-4d4c-8f0c-2b8b3f0a7a10'; // over AMQP it travels as a UUID, not as text
        message.correlationId = 'c';
        message.contentType = 'application/json';
        message.contentEncoding = 'utf-8';
        const name = stage.transport === 'Http' ? 'alert' : 'a b/ü'; // a header has no name like that
        message.properties.add(name, 'x=&/+ %25');
        await client.sendEvent(message);
        const [event] = await stage.backend.events.telemetryOf(device.deviceId);
        const identity = await stage.backend.registry.get(device.deviceId);
        expect(event).toMatchObject({
          body: { temperature: 21 },
          messageId: message.messageId,
          correlationId: 'c',
          contentType: 'application/json',
          properties: { [name]: 'x=&/+ %25' },
          systemProperties: {
            'iothub-connection-auth-method':
              '{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}',
            'iothub-connection-auth-generation-id': identity.responseBody.generationId,
            contentEncoding: 'utf-8',
          },
        });
      };
    },
  },
  {
    name: 'sends telemetry that is there for who reads later, in its order',
    async arrange(stage) {
      const device = await stage.newDevice();
      const client = await stage.open(device);
      for (const n of [1, 2, 3]) await client.sendEvent(new DeviceMessage(JSON.stringify({ n })));
      await stage.close();
      return async () => {
        const events = await stage.backend.events.telemetryOf(device.deviceId, 3);
        expect(events.map(({ body }): unknown => textOf(body))).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
      };
    },
  },
  {
    name: 'sends a batch, which arrives as its messages',
    except: { ...overMqtt(NO_BATCH), ...overAmqp(NO_BATCH) },
    async arrange(stage) {
      const device = await stage.newDevice();
      return async () => {
        const client = await stage.open(device);
        const batch = ['a', 'ü'].map((text) => new DeviceMessage(text));
        batch[0]?.properties.add('first', 'yes');
        await client.sendEventBatch(batch);
        const events = await stage.backend.events.telemetryOf(device.deviceId, 2);
        expect(events.map(({ body, properties }) => [textOf(body), properties])).toEqual([
          ['a', { first: 'yes' }],
          ['ü', {}],
        ]);
      };
    },
  },
  {
    name: 'is refused a message of more than 256 KB, and sends the next one',
    async arrange(stage) {
      const device = await stage.newDevice();
      return async () => {
        const large = await stage.open(device);
        await expect(large.sendEvent(new DeviceMessage(Buffer.alloc(262_145)))).rejects.toMatchObject({
          name: 'MessageTooLargeError',
        });
        await stage.close();
        const client = await stage.open(device);
        await client.sendEvent(new DeviceMessage('small'));
        const events = await stage.backend.events.telemetryOf(device.deviceId);
        expect(events.map(({ body }): unknown => textOf(body))).toEqual(['small']);
      };
    },
  },
];

/** A body that the consumer could not read as JSON stays bytes. */
function textOf(body: unknown): string {
  return Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body);
}
