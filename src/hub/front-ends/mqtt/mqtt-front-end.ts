import type { Duplex } from 'node:stream';
import { createServer, type Server, type TlsOptions, type TLSSocket } from 'node:tls';
import type { Hub } from '../../hub.ts';
import { clientCertificateOf } from '../client-certificate.ts';
import { closeServer, listenOnAll, type FrontEnd, type PortWish } from '../listen.ts';
import { MqttConnection } from './mqtt-connection.ts';

export interface MqttFrontEndOptions {
  readonly hub: Hub;
  readonly tls: TlsOptions;
  readonly addresses: readonly string[];
  readonly port: PortWish;
  readonly onFault: (error: unknown) => void;
}

/** MQTT 3.1.1 as IoT Hub speaks it. */
export class MqttFrontEnd implements FrontEnd {
  readonly port: number;
  readonly #servers: readonly Server[];
  readonly #acceptor: MqttAcceptor;

  private constructor(port: number, servers: readonly Server[], acceptor: MqttAcceptor) {
    this.port = port;
    this.#servers = servers;
    this.#acceptor = acceptor;
  }

  /** @param acceptor shared with the WebSocket port, so that closing ends both kinds of connections */
  static async listen(options: MqttFrontEndOptions, acceptor: MqttAcceptor): Promise<MqttFrontEnd> {
    const newServer = (): Server => {
      const server = createServer({ ...options.tls, noDelay: true }, (socket) => {
        acceptor.accept(socket, socket);
      });
      server.on('tlsClientError', (_error, socket) => {
        socket.destroy(); // somebody who does not trust us, or is no TLS client: theirs to report
      });
      return server;
    };
    const { port, servers } = await listenOnAll(newServer, options.addresses, options.port);
    return new MqttFrontEnd(port, servers, acceptor);
  }

  async close(): Promise<void> {
    const closed = Promise.all(this.#servers.map(closeServer));
    this.#acceptor.closeAll();
    await closed;
  }
}

/** Makes a connection of each byte stream, from TLS or WebSocket alike. */
export class MqttAcceptor {
  readonly #hub: Hub;
  readonly #onFault: (error: unknown) => void;
  readonly #open = new Set<MqttConnection>();

  constructor(hub: Hub, onFault: (error: unknown) => void) {
    this.#hub = hub;
    this.#onFault = onFault;
  }

  accept(stream: Duplex, socket: TLSSocket): void {
    const connection = new MqttConnection({
      hub: this.#hub,
      stream,
      certificate: clientCertificateOf(socket),
      onFault: this.#onFault,
      onClose: () => this.#open.delete(connection),
    });
    this.#open.add(connection);
  }

  closeAll(): void {
    for (const connection of this.#open) connection.close();
  }
}
