import type { Server, AddressInfo } from 'node:net';

/** Which port to listen on: exactly this one (0 = any free one), or this one if it is free. */
export type PortWish = { kind: 'exactly'; port: number } | { kind: 'preferably'; port: number };

/** A listening protocol, whichever it is. */
export interface FrontEnd {
  readonly port: number;
  /** Stops listening and ends all its connections. */
  close(): Promise<void>;
}

/** The port is taken or may not be used. */
export class PortUnavailable extends Error {
  override readonly name = 'PortUnavailable';
  readonly port: number;
  readonly reason: 'taken' | 'notPermitted';

  constructor(port: number, reason: 'taken' | 'notPermitted', cause: unknown) {
    super(reason === 'taken' ? `port ${port} is taken` : `port ${port} may not be opened by this user`, { cause });
    this.port = port;
    this.reason = reason;
  }
}

const MAX_FREE_PORT_TRIES = 20;

/**
 * Listens with one server an address, all on the same port.
 *
 * @param createServer makes a server; called once an address
 * @throws PortUnavailable when an exact port cannot be had
 */
export async function listenOnAll<Listener extends Server>(
  createServer: () => Listener,
  addresses: readonly string[],
  wish: PortWish,
): Promise<{ port: number; servers: Listener[] }> {
  try {
    return await listenOnSamePort(createServer, addresses, wish.port);
  } catch (error) {
    if (wish.kind === 'exactly' || !(error instanceof PortUnavailable)) throw error;
    return listenOnSamePort(createServer, addresses, 0);
  }
}

/** A free port of the first address may be taken on the second one: then another is tried. */
async function listenOnSamePort<Listener extends Server>(
  createServer: () => Listener,
  addresses: readonly string[],
  port: number,
): Promise<{ port: number; servers: Listener[] }> {
  for (let tries = 1; ; tries += 1) {
    const servers: Listener[] = [];
    try {
      let current = port;
      for (const address of addresses) {
        const server = createServer();
        current = await listen(server, current, address);
        servers.push(server);
      }
      return { port: current, servers };
    } catch (error) {
      for (const server of servers) server.close();
      if (port !== 0 || tries >= MAX_FREE_PORT_TRIES) throw error;
    }
  }
}

function listen(server: Server, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(new PortUnavailable(port, 'taken', error));
      else if (error.code === 'EACCES') reject(new PortUnavailable(port, 'notPermitted', error));
      else reject(error);
    });
    server.listen(port, address, () => {
      server.removeAllListeners('error');
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Stops accepting; resolves when the last connection is gone. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
