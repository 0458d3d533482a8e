import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { serve } from '../support/serve.ts';

/** Handshakes and nothing else. */
serve({
  start: async ({ key, cert }: { key: string; cert: string }) => {
    const server = createServer(
      { key, cert, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2', noDelay: true },
      (socket) => {
        socket.on('error', () => socket.destroy());
        socket.resume();
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  },
});
