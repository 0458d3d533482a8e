import { startLocalHub, type LocalHub } from '../../src/local-hub/index.ts';
import { serve } from '../support/serve.ts';

let hub: LocalHub | undefined;

serve(
  {
    start: async (options: { home: string; inMemory?: boolean }) => {
      hub = await startLocalHub({
        httpsPort: 0,
        mqttPort: 0,
        amqpPort: 0,
        notice: (line) => process.stderr.write(`${line}\n`),
        ...options,
      });
      return hub.discovery;
    },
  },
  async () => hub?.close(),
);
