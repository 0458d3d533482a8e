import { HubError } from '../../../model/hub-error.ts';
import { addressSegments, type Address } from '../addresses.ts';
import type { AmqpConnection } from '../amqp-connection.ts';
import type { IncomingLink, OutgoingLink } from '../transport/links.ts';
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
  if (link.role === 'incoming' && address.kind === 'cloudToDevice') serveServiceSend(connection, link);
  else if (link.role === 'outgoing' && address.kind === 'feedback') {
    serveServiceQueue(connection, link, connection.hub.feedback.queue);
  } else if (link.role === 'outgoing' && address.kind === 'fileNotifications') {
    serveServiceQueue(connection, link, connection.hub.fileNotifications);
  } else throw new HubError('AmqpAddressNotFound', `there is no link address '${link.address}'`);
}

/** Management links of Event Hubs do not say of which entity: any token of a service will do there. */
function resourceOf(text: string, address: ServiceAddress): string[] | undefined {
  return address.kind === 'eventHubManagement' ? undefined : addressSegments(text);
}
