import { HubError } from '../../../model/hub-error.ts';
import { addressSegments, type Address } from '../addresses.ts';
import type { AmqpConnection } from '../amqp-connection.ts';
import { servePartition } from '../event-hub/partition-link.ts';
import { redirectToEventHub } from '../event-hub/redirect.ts';
import type { IncomingLink } from '../transport/incoming-link.ts';
import type { OutgoingLink } from '../transport/outgoing-link.ts';
import { serveServiceQueue } from './service-queue-link.ts';
import { serveServiceSend } from './service-send-link.ts';

type ServiceAddress = Exclude<Address, { kind: 'cbs' } | { kind: 'device' }>;

/**
 * Accepts a link of a service.
 *
 * @throws HubError IotHubUnauthorized, AmqpAddressNotFound
 * @see service-protocol.md, 11.3, 11.4 and 12.1
 */
export function serveServiceLink(
  connection: AmqpConnection,
  link: IncomingLink | OutgoingLink,
  address: ServiceAddress,
): void {
  const grant = connection.credentials.authorizeService(resourceOf(link.address, address));
  connection.holdTo(grant, link);
  if (address.kind === 'eventHubManagement') connection.management.attach(link);
  else if (address.kind === 'hubEvents') redirectToEventHub(connection, link);
  else if (link.role === 'incoming') serveIncoming(connection, link, address);
  else serveOutgoing(connection, link, address);
}

function serveIncoming(connection: AmqpConnection, link: IncomingLink, address: ServiceAddress): void {
  if (address.kind !== 'cloudToDevice') throw addressNotFound(link);
  serveServiceSend(connection, link);
}

function serveOutgoing(connection: AmqpConnection, link: OutgoingLink, address: ServiceAddress): void {
  const { feedback, fileNotifications } = connection.hub;
  if (address.kind === 'feedback') serveServiceQueue(connection, link, feedback.queue);
  else if (address.kind === 'fileNotifications') serveServiceQueue(connection, link, fileNotifications);
  else if (address.kind === 'partition') servePartition(connection, link, address);
  else throw addressNotFound(link);
}

function addressNotFound({ address }: IncomingLink | OutgoingLink): HubError {
  return new HubError('AmqpAddressNotFound', `there is no link address '${address}'`);
}

/** Management links of Event Hubs do not say of which entity: any token of a service will do there. */
function resourceOf(text: string, address: ServiceAddress): string[] | undefined {
  return address.kind === 'eventHubManagement' ? undefined : addressSegments(text);
}
