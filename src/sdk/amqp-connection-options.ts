import type { Agent } from 'node:https';
import { isIP } from 'node:net';
import type { ConnectionOptions, Container } from 'rhea';

export interface AmqpClientOptions {
  readonly host: string;
  readonly port: number;
  /** The name of whom we talk to: in `open`, and what the certificate must be for. */
  readonly hostName: string;
  readonly ca?: string | undefined;
  /** Over a WebSocket with this path, through this agent where there is one. */
  readonly webSocket?: { readonly path: string; readonly agent?: Agent | undefined } | undefined;
  /** SASL PLAIN; without it ANONYMOUS, and claims follow. */
  readonly login?: { readonly username: string; readonly password: string } | undefined;
  /** For everything that waits for an answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Half of it goes by before rhea sends a frame to keep the connection. */
const IDLE_MS = 60_000;
const MAX_FRAME_BYTES = 65_536;

/** What rhea wants to know to dial. */
export async function connectionOptions(options: AmqpClientOptions, container: Container): Promise<ConnectionOptions> {
  const { host, port, hostName, ca, login, webSocket } = options;
  const named: ConnectionOptions = {
    host,
    port,
    transport: 'tls',
    hostname: hostName,
    servername: isIP(hostName) === 0 ? hostName : 'localhost',
    reconnect: false,
    idle_time_out: IDLE_MS,
    max_frame_size: MAX_FRAME_BYTES,
    username: login?.username ?? 'anonymous',
    ...(login === undefined ? {} : { password: login.password }),
    ...(ca === undefined ? {} : { ca }),
  };
  // Its declaration asks for a host and a port, which a WebSocket has in its URL.
  if (webSocket !== undefined) Object.assign(named, { connection_details: await webSocketDetails(options, container) });
  return named;
}

async function webSocketDetails(
  { webSocket, host, port, hostName, ca }: AmqpClientOptions,
  container: Container,
): Promise<unknown> {
  const { WebSocket } = await import('ws');
  const options = {
    ...(isIP(hostName) === 0 ? { servername: hostName } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(webSocket?.agent === undefined ? {} : { agent: webSocket.agent }),
  };
  return container.websocket_connect(WebSocket)(`wss://${host}:${port}${webSocket?.path ?? ''}`, 'AMQPWSB10', options);
}
