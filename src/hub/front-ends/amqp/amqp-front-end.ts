import type { Duplex } from 'node:stream';
import { createServer, type Server, type TlsOptions, type TLSSocket } from 'node:tls';
import type { Hub } from '../../hub.ts';
import { clientCertificateOf } from '../client-certificate.ts';
import { closeServer, listenOnAll, type FrontEnd, type PortWish } from '../listen.ts';
import { AmqpConnection } from './amqp-connection.ts';
import { loadRhea } from './transport/rhea.ts';

export interface AmqpFrontEndOptions {
  readonly tls: TlsOptions;
  readonly addresses: readonly string[];
  readonly port: PortWish;
}

/** AMQP 1.0 as IoT Hub and its Event Hubs-compatible endpoint speak it. */
export class AmqpFrontEnd implements FrontEnd {
  readonly port: number;
  readonly #servers: readonly Server[];
  readonly #acceptor: AmqpAcceptor;

  private constructor(port: number, servers: readonly Server[], acceptor: AmqpAcceptor) {
    this.port = port;
    this.#servers = servers;
    this.#acceptor = acceptor;
  }

  /** @param acceptor shared with the WebSocket port, so that closing ends both kinds of connections */
  static async listen(options: AmqpFrontEndOptions, acceptor: AmqpAcceptor): Promise<AmqpFrontEnd> {
    const newServer = (): Server => {
      const server = createServer({ ...options.tls, noDelay: true }, (socket) => acceptor.accept(socket, socket));
      server.on('tlsClientError', (_error, socket) => {
        socket.destroy(); // somebody who does not trust us, or is no TLS client: theirs to report
      });
      return server;
    };
    const { port, servers } = await listenOnAll(newServer, options.addresses, options.port);
    acceptor.port = port;
    return new AmqpFrontEnd(port, servers, acceptor);
  }

  async close(): Promise<void> {
    const closed = Promise.all(this.#servers.map(closeServer));
    this.#acceptor.closeAll();
    await closed;
  }
}

/** Makes a connection of each byte stream, from TLS or WebSocket alike. */
export class AmqpAcceptor {
  /** What clients are redirected to; known once the front end listens. */
  port = 0;
  readonly #hub: Hub;
  readonly #onFault: (error: unknown) => void;
  readonly #open = new Set<AmqpConnection>();
  /** Streams that wait for rhea to be loaded. */
  readonly #starting = new Set<Duplex>();
  #closed = false;

  constructor(hub: Hub, onFault: (error: unknown) => void) {
    this.#hub = hub;
    this.#onFault = onFault;
  }

  accept(stream: Duplex, socket: TLSSocket): void {
    stream.on('error', () => stream.destroy()); // a reset by the peer, which `close` then settles
    this.#starting.add(stream);
    this.#start(stream, socket).catch((error: unknown) => {
      stream.destroy();
      this.#onFault(error);
    });
  }

  closeAll(): void {
    this.#closed = true;
    for (const stream of this.#starting) stream.destroy();
    for (const connection of this.#open) connection.stop();
  }

  async #start(stream: Duplex, socket: TLSSocket): Promise<void> {
    const certificate = clientCertificateOf(socket);
    const rhea = await loadRhea();
    this.#starting.delete(stream);
    if (this.#closed) stream.destroy();
    if (stream.destroyed) return;
    const connection = new AmqpConnection({
      hub: this.#hub,
      rhea,
      stream,
      certificate,
      amqpPort: () => this.port,
      onFault: this.#onFault,
      onClose: () => this.#open.delete(connection),
    });
    this.#open.add(connection);
  }
}
