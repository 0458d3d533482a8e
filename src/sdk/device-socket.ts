import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type SecureContext } from 'node:tls';
import { type ClientOptions, createWebSocketStream, WebSocket } from 'ws';
import { isWebSocket, type TransportSettings } from './device-transport.ts';

/**
 * Opens the socket of one connection, plain TLS or a WebSocket in it.
 *
 * @param subprotocol of a WebSocket: `mqtt`, `AMQPWSB10`
 * @param opened      called when bytes may be written; an error before it means that the hub was not reached
 */
export function openSocket(settings: TransportSettings, subprotocol: string, opened: () => void): Duplex {
  return isWebSocket(settings.protocol) ? openWebSocket(settings, subprotocol, opened) : openTls(settings, opened);
}

function openTls({ host, port, secureContext, sessions }: TransportSettings, opened: () => void): Duplex {
  const name = isIP(host) === 0 ? { servername: host } : {};
  const server = `${host}:${port}`;
  const session = sessions?.for(server);
  const socket = connect({ host, port, ...name, secureContext, ...(session && { session }) }, opened);
  sessions?.learn(server, socket);
  socket.setNoDelay(true);
  return socket;
}

function openWebSocket(
  { host, port, secureContext, agent }: TransportSettings,
  subprotocol: string,
  opened: () => void,
): Duplex {
  // Its types do not know what it hands on to tls.connect.
  const options: ClientOptions & { secureContext: SecureContext } = { secureContext, ...(agent && { agent }) };
  const webSocket = new WebSocket(`wss://${host}:${port}/$iothub/websocket`, subprotocol, options);
  webSocket.once('open', opened);
  return createWebSocketStream(webSocket);
}
