import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { Aedes } from 'aedes';
import { serve } from '../support/serve.ts';

serve({
  start: async ({ key, cert }: { key: string; cert: string }) => {
    const broker = await Aedes.createBroker();
    const server = createServer({ key, cert, noDelay: true }, broker.handle);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  },
});
