import { expect } from 'vitest';
import { report } from '../../support/device.ts';
import type { Behaviour } from './behaviour.ts';
import { DeviceMessage, invoke } from './stage.ts';
import { overHttp } from './transports.ts';

const except = overHttp('the SDK has no outputs, twins or methods over HTTPS');

export const MODULES: readonly Behaviour[] = [
  {
    name: 'has a module that sends to an output',
    except,
    async arrange(stage) {
      const module = await stage.newModule();
      return async () => {
        const client = await stage.openModule(module);
        await client.sendOutputEvent('out', new DeviceMessage('{"from":"module"}'));
        const [event] = await stage.backend.events.telemetryOf(module.deviceId);
        expect(event?.systemProperties).toMatchObject({
          'iothub-connection-module-id': 'm',
          'iothub-outputname': 'out',
        });
      };
    },
  },
  {
    name: 'has a module with a twin and methods of its own',
    except,
    async arrange(stage) {
      const module = await stage.newModule();
      const { registry } = stage.backend;
      await registry.updateModuleTwin(module.deviceId, 'm', { properties: { desired: { rate: 1 } } }, '*');
      return async () => {
        const client = await stage.openModule(module);
        const twin = await client.getTwin();
        expect(twin.properties.desired).toMatchObject({ rate: 1 });
        await report(twin, { started: true });
        const { responseBody } = await registry.getModuleTwin(module.deviceId, 'm');
        expect(responseBody.properties.reported).toMatchObject({ started: true, $version: 2 });
        expect((await registry.getTwin(module.deviceId)).responseBody.properties.reported).not.toHaveProperty(
          'started',
        );
        client.onMethod('ping', (_request, response) => void response?.send(200, 'pong'));
        expect(await invoke(stage, module, 'ping', null)).toEqual({ status: 200, payload: 'pong' });
      };
    },
  },
];
