import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import mqttPacket from 'mqtt-packet';
import { serve } from '../support/serve.ts';

/**
 * The floor under a direct method: an HTTPS server that writes a request's body to the one MQTT socket, as the packet that
 * IoT Hub would send, and answers with what comes back. Nothing is checked, nothing is looked up.
 */
let device: TLSSocket | undefined;
const waiting: ((body: Buffer) => void)[] = [];

serve({
  start: async (tls: { key: string; cert: string }) => {
    const https = createHttpsServer(tls, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        waiting.push((payload) => {
          response.writeHead(200, {
            'content-type': 'application/json; charset=utf-8',
            'content-length': payload.length,
          });
          response.end(payload);
        });
        device?.write(
          mqttPacket.generate({
            cmd: 'publish',
            topic: '$iothub/methods/POST/echo/?$rid=1',
            payload: Buffer.concat(chunks),
            qos: 0,
            dup: false,
            retain: false,
          }),
        );
      });
    });
    const mqtt = createTlsServer({ ...tls, noDelay: true }, (socket) => {
      const parser = mqttPacket.parser({ protocolVersion: 4 });
      parser.on('packet', (packet) => {
        if (packet.cmd === 'connect') {
          device = socket;
          socket.write(mqttPacket.generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }));
        } else if (packet.cmd === 'subscribe') {
          socket.write(mqttPacket.generate({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [0] }));
        } else if (packet.cmd === 'publish') waiting.shift()?.(Buffer.from(packet.payload));
      });
      socket.on('data', (chunk: Buffer) => parser.parse(chunk));
      socket.on('error', () => socket.destroy());
    });
    return { httpsPort: await listen(https), mqttPort: await listen(mqtt) };
  },
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
