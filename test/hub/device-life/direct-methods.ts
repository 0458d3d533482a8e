import { expect } from 'vitest';
import type { Behaviour } from './behaviour.ts';
import { invoke } from './stage.ts';
import { overHttp } from './transports.ts';

const except = overHttp('the SDK has no direct methods over HTTPS');

export const DIRECT_METHODS: readonly Behaviour[] = [
  {
    name: 'answers a direct method',
    except,
    async arrange(stage) {
      const device = await stage.newDevice();
      return async () => {
        const client = await stage.open(device);
        const requests: unknown[] = [];
        client.onDeviceMethod('greet', ({ methodName, payload }, response) => {
          requests.push([methodName, payload]);
          void response.send(200, { hello: ['wörld'] });
        });
        const answer = await invoke(stage, device, 'greet', { name: 'you' });
        expect(requests).toEqual([['greet', { name: 'you' }]]);
        expect(answer).toEqual({ status: 200, payload: { hello: ['wörld'] } });
      };
    },
  },
  {
    name: 'answers several at once, each with its own status, the last one first',
    except,
    async arrange(stage) {
      const device = await stage.newDevice();
      return async () => {
        const client = await stage.open(device);
        const waiting: (() => void)[] = [];
        client.onDeviceMethod('many', ({ payload }, response) => {
          waiting.push(() => void response.send(Number(payload), null));
          if (waiting.length === 3) for (const answer of waiting.reverse()) answer();
        });
        const answers = await Promise.all([200, 404, 500].map((status) => invoke(stage, device, 'many', status)));
        expect(answers).toEqual([200, 404, 500].map((status) => ({ status, payload: null })));
      };
    },
  },
];
