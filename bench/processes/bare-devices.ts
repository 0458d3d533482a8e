import { createSecureContext, connect, type TLSSocket } from 'node:tls';
import { connectPacket, tlsOptions, type ServerAddress } from '../support/raw-device.ts';
import { serve } from '../support/serve.ts';

const AT_ONCE = 20;
const open: TLSSocket[] = [];

serve({
  /** Connects devices that do nothing but stay. */
  connect: async ({ deviceIds, ...address }: ServerAddress & { deviceIds: readonly string[] }) => {
    const options = { ...tlsOptions(address), secureContext: createSecureContext({ ca: address.ca }) };
    const waiting = [...deviceIds];
    const lane = async (): Promise<void> => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) open.push(await connectOne(options, id));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    return open.length;
  },
});

function connectOne(options: object, deviceId: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => socket.write(connectPacket(deviceId)));
    socket.once('error', reject);
    socket.once('data', () => resolve(socket));
  });
}
