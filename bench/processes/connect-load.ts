import { connect, createSecureContext } from 'node:tls';
import { serve } from '../support/serve.ts';
import { connectPacket, tlsOptions, type ServerAddress } from '../support/raw-device.ts';

interface ConnectLoad extends ServerAddress {
  /** Undefined = only the handshake. */
  readonly deviceIds: readonly string[] | undefined;
  readonly connects: number;
  readonly atOnce: number;
}

serve({
  /** Milliseconds that so many connects take, so many of them at once. */
  run: async (load: ConnectLoad) => {
    // Made once, as a program with many devices would: reading the authority's certificate is no part of a handshake.
    const options = { ...tlsOptions(load), secureContext: createSecureContext({ ca: load.ca }) };
    const packets = load.deviceIds?.map(connectPacket);
    let started = 0;
    const start = performance.now();
    const lane = async (): Promise<void> => {
      while (started < load.connects) {
        const packet = packets?.[started % packets.length];
        started += 1;
        await connectOnce(options, packet);
      }
    };
    await Promise.all(Array.from({ length: load.atOnce }, lane));
    return performance.now() - start;
  },
});

function connectOnce(options: object, packet: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => {
      if (packet === undefined) socket.end();
      else socket.write(packet);
    });
    socket.setNoDelay(true);
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      if (chunk[0] !== 0x20 || chunk[3] !== 0) reject(new Error('the server refused the device'));
      socket.end(Buffer.from([0xe0, 0])); // DISCONNECT
    });
  });
}
