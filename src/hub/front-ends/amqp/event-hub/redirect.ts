import type { AmqpConnection } from '../amqp-connection.ts';
import type { IncomingLink } from '../transport/incoming-link.ts';
import type { OutgoingLink } from '../transport/outgoing-link.ts';

const STANDARD_PORT = 5671;

/**
 * Sends a reader that came by IoT Hub's own address on to the Event Hubs-compatible one, which is this same port.
 *
 * Readers make a connection string of `hostname` and the entity in `address`, so that a port of our own goes into both.
 * @see service-protocol.md, 12.6
 */
export function redirectToEventHub({ hub, amqpPort }: AmqpConnection, link: IncomingLink | OutgoingLink): void {
  const host = hub.hostName;
  const [entity = host] = host.split('.');
  const consumerPath = link.address.replace(/^([a-z]+:\/\/[^/]*)?\/?messages\/events\/?/i, '');
  const path = consumerPath === '' ? entity : `${entity}/${consumerPath}`;
  link.refuse({
    condition: 'amqp:link:redirect',
    description: 'The events of this hub are read at another address.',
    info: {
      hostname: amqpPort === STANDARD_PORT ? host : `${host}:${amqpPort}`,
      'network-host': host,
      port: amqpPort,
      address: `amqps://${host}:${amqpPort}/${path}`,
    },
  });
}
