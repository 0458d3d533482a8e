import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** Takes over one connection as a byte stream; `socket` is the TLS socket below it. */
export type StreamAcceptor = (stream: Duplex, socket: TLSSocket) => void;

/** Acceptors by WebSocket subprotocol: `mqtt`, `AMQPWSB10`. */
export type WebSocketProtocols = Readonly<Record<string, StreamAcceptor>>;

/** Both protocols share one path: the subprotocol tells them apart. @see device-protocol.md, 1 */
const PATHS = new Set(['/$iothub/websocket', '/$servicebus/websocket']);

/** The largest packet of either protocol several times over; a WebSocket message is held in memory until it has come whole. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Serves WebSocket upgrades of an HTTPS server. */
export function acceptWebSockets(server: Server, protocols: WebSocketProtocols): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isTls(socket)) throw new Error('an HTTPS server upgraded something that is not TLS');
    const protocol = offeredProtocols(request).find((name) => Object.hasOwn(protocols, name));
    const accept = protocol === undefined ? undefined : protocols[protocol];
    const path = (request.url ?? '').split('?')[0]?.toLowerCase().replace(/\/$/, '') ?? '';
    if (!PATHS.has(path)) refuse(socket, '404 Not Found');
    else if (protocol === undefined || accept === undefined) refuse(socket, '400 Bad Request');
    else upgrade(request, socket, head, protocol, accept);
  });
}

/** Node types what an HTTPS server hands out as any stream. */
function isTls(socket: Duplex): socket is TLSSocket {
  return socket instanceof TLSSocket;
}

function upgrade(
  request: IncomingMessage,
  socket: TLSSocket,
  head: Buffer,
  protocol: string,
  accept: StreamAcceptor,
): void {
  const whenBroken = (): void => {
    socket.destroy();
  };
  socket.on('error', whenBroken);
  // Loaded by the first client that needs it.
  void import('ws').then(({ WebSocketServer, createWebSocketStream }) => {
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: () => protocol,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
    });
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('error', whenBroken);
      accept(createWebSocketStream(webSocket, { allowHalfOpen: false }), socket);
    });
  });
}

function offeredProtocols(request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
