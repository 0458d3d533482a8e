import type { TlsOptions } from 'node:tls';
import { Hub, type HubOptions } from './hub.ts';
import type { ServerCertificates } from './certificates.ts';
import { AmqpAcceptor, AmqpFrontEnd } from './front-ends/amqp/amqp-front-end.ts';
import { listenHttps } from './front-ends/https/https-front-end.ts';
import type { FrontEnd, PortWish } from './front-ends/listen.ts';
import { MqttAcceptor, MqttFrontEnd } from './front-ends/mqtt/mqtt-front-end.ts';

export interface HubServerOptions extends HubOptions {
  readonly certificates: ServerCertificates;
  /** Where to listen: IP addresses, all with the same ports. */
  readonly addresses: readonly string[];
  readonly ports: { readonly https: PortWish; readonly mqtt: PortWish; readonly amqp: PortWish };
  /** Called when the owner asks over HTTPS that the hub stop. */
  readonly onStopRequested?: () => void;
  /** Told of every fault of the hub's own; the caller of the operation sees no more than that there was one. */
  readonly onFault: (error: unknown) => void;
}

/** A hub with its ports open. */
export interface HubServer {
  readonly hub: Hub;
  readonly ports: { readonly https: number; readonly mqtt: number; readonly amqp: number };
  /** PEM of the authority that clients must trust. */
  readonly caCertificate: string;
  /** Ends connections, stops listening, keeps what was acknowledged. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Opens a hub and its ports.
 *
 * @throws PortUnavailable when a port that was asked for is taken; nothing is left open then
 */
export async function startHubServer(options: HubServerOptions): Promise<HubServer> {
  const hub = await Hub.open(options);
  const opened: FrontEnd[] = [];
  const closeAll = async (): Promise<void> => {
    hub.connections.closeAll('stopping');
    await Promise.all(opened.map((frontEnd) => frontEnd.close()));
    hub.close();
  };
  try {
    const { addresses, ports, onFault } = options;
    const tls = tlsOptions(options.certificates);
    const mqttAcceptor = new MqttAcceptor(hub, onFault);
    const mqtt = await MqttFrontEnd.listen({ hub, tls, addresses, port: ports.mqtt, onFault }, mqttAcceptor);
    opened.push(mqtt);
    const amqpAcceptor = new AmqpAcceptor(hub, onFault);
    const amqp = await AmqpFrontEnd.listen({ tls, addresses, port: ports.amqp }, amqpAcceptor);
    opened.push(amqp);
    const https = await listenHttps({
      hub,
      tls,
      addresses,
      port: ports.https,
      control: { stop: () => options.onStopRequested?.(), reset: () => hub.reset() },
      webSockets: {
        mqtt: (stream, socket) => mqttAcceptor.accept(stream, socket),
        AMQPWSB10: (stream, socket) => amqpAcceptor.accept(stream, socket),
      },
      onFault,
    });
    opened.push(https);
    let closing: Promise<void> | undefined;
    return {
      hub,
      ports: { https: https.port, mqtt: mqtt.port, amqp: amqp.port },
      caCertificate: options.certificates.caCertificate,
      close: () => (closing ??= closeAll()),
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Devices with certificates use the same ports as the others: a certificate is asked for, never demanded, and judged later. */
function tlsOptions(certificates: ServerCertificates): TlsOptions {
  return {
    key: certificates.key,
    cert: certificates.certificate,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  };
}
