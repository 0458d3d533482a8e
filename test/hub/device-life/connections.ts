import type { Client } from 'azure-iot-device';
import { expect } from 'vitest';
import { report } from '../../support/device.ts';
import { within } from '../../support/programs.ts';
import type { Behaviour } from './behaviour.ts';
import { DeviceMessage, eventually, invoke, receive, type Stage } from './stage.ts';
import { overHttp } from './transports.ts';

const NO_CONNECTION = overHttp('a device over HTTPS has no connection');

export const CONNECTIONS: readonly Behaviour[] = [
  {
    name: 'is Connected until it says good-bye',
    except: NO_CONNECTION,
    async arrange(stage) {
      const device = await stage.newDevice();
      return async () => {
        const client = await stage.open(device);
        await client.sendEvent(new DeviceMessage('x'));
        expect(await stateOf(stage, device.deviceId)).toBe('Connected');
        await stage.close();
        await eventually(async () => expect(await stateOf(stage, device.deviceId)).toBe('Disconnected'));
      };
    },
  },
  {
    name: 'finds, with a client of its next life, what came while it was away',
    except: overHttp('the SDK has no twins over HTTPS'),
    async arrange(stage) {
      const device = await stage.newDevice();
      const client = await stage.open(device);
      client.on('message', (message) => void client.complete(message));
      await report(await client.getTwin(), { life: 1 });
      await stage.close();
      await stage.sendToDevice(device.deviceId, 'meanwhile', { ack: 'none' });
      await stage.backend.registry.updateTwin(device.deviceId, { properties: { desired: { a: 1 } } }, '*');
      return async () => {
        const next = await stage.newClient(device);
        const messages = receive(next, 1);
        const twin = await next.getTwin();
        expect([twin.properties.reported['life'], twin.properties.desired['a']]).toEqual([1, 1]);
        expect((await messages).map((message) => message.getBytes().toString())).toEqual(['meanwhile']);
      };
    },
  },
  {
    name: 'goes on with the same client, whatever happens to the hub',
    except: NO_CONNECTION,
    async arrange(stage) {
      const device = await stage.newDevice();
      const client = await stage.newClient(device);
      const texts: string[] = [];
      client.on('message', (message) => {
        texts.push(message.getBytes().toString());
        void client.complete(message);
      });
      client.onDeviceMethod('ping', (_request, response) => void response.send(200, 'pong'));
      const twin = await client.getTwin();
      const intervals: unknown[] = [];
      twin.on('properties.desired.interval', (interval) => intervals.push(interval));
      await report(twin, { ready: true });
      await stage.sendToDevice(device.deviceId, 'before', { ack: 'none' });
      await eventually(() => expect(texts).toEqual(['before']));
      return async () => {
        await client.sendEvent(new DeviceMessage('after'));
        expect(await invoke(stage, device, 'ping', null)).toEqual({ status: 200, payload: 'pong' });
        await stage.backend.registry.updateTwin(device.deviceId, { properties: { desired: { interval: 5 } } }, '*');
        await stage.sendToDevice(device.deviceId, 'after', { ack: 'none' });
        await eventually(() => expect([texts.at(-1), intervals.at(-1)]).toEqual(['after', 5]));
      };
    },
  },
  {
    name: 'is cut off when it is disabled',
    except: NO_CONNECTION,
    arrange: (stage) =>
      cutOff(stage, async (deviceId) => {
        const { responseBody } = await stage.backend.registry.get(deviceId);
        await stage.backend.registry.update(Object.assign(responseBody, { status: 'disabled' as const }));
      }),
  },
  {
    name: 'is cut off when it is deleted',
    except: NO_CONNECTION,
    arrange: (stage) => cutOff(stage, (deviceId) => stage.backend.registry.delete(deviceId)),
  },
];

async function cutOff(stage: Stage, act: (deviceId: string) => Promise<unknown>): Promise<() => Promise<void>> {
  const device = await stage.newDevice();
  return async () => {
    const client = await stage.open(device);
    await client.sendEvent(new DeviceMessage('x'));
    const end = ended(client);
    await act(device.deviceId);
    await within('the end of the connection', end);
    const again = await stage.newClient(device);
    again.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
    await expect(again.sendEvent(new DeviceMessage('x'))).rejects.toThrow();
  };
}

function ended(client: Client): Promise<unknown> {
  return new Promise((resolve) => client.once('disconnect', resolve));
}

async function stateOf({ backend }: Stage, deviceId: string): Promise<string | undefined> {
  return (await backend.registry.get(deviceId)).responseBody.connectionState;
}
