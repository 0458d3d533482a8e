import { HubError } from '../../../model/hub-error.ts';
import type { DeviceEndpoint } from '../addresses.ts';
import type { DeviceSession } from '../device-session.ts';
import { toAmqpError } from '../errors.ts';
import type { IncomingLink } from '../transport/incoming-link.ts';
import type { OutgoingLink } from '../transport/outgoing-link.ts';
import { serveCloudToDevice } from './cloud-to-device-link.ts';
import { serveTelemetry } from './telemetry-link.ts';
import { serveTwinRequests, serveTwinResponses } from './twin-links.ts';

/** Accepts a link of a connected device or module. @see device-protocol.md, 8.3 */
export function serveDeviceLink(
  session: DeviceSession,
  link: IncomingLink | OutgoingLink,
  endpoint: DeviceEndpoint,
): void {
  const serve = link.role === 'incoming' ? INCOMING[endpoint] : OUTGOING[endpoint];
  if (serve === undefined) {
    const error = new HubError('AmqpAddressNotFound', `a device cannot attach to ${link.address} from this end`);
    link.refuse(toAmqpError(error, session.hub.now()));
    return;
  }
  if (link.role === 'incoming') INCOMING[endpoint]?.(session, link);
  else OUTGOING[endpoint]?.(session, link);
}

type Serve<Link> = Partial<Record<DeviceEndpoint, (session: DeviceSession, link: Link) => void>>;

const INCOMING: Serve<IncomingLink> = {
  events: serveTelemetry,
  twin: serveTwinRequests,
  methods: (session, link) => session.methods.acceptResponses(link, () => session.methodsChanged()),
};

const OUTGOING: Serve<OutgoingLink> = {
  // Inputs of a module: only an edge runtime routes messages to them, so nothing ever comes.
  events: (_session, link) => link.accept(),
  deviceBound: serveCloudToDevice,
  twin: serveTwinResponses,
  methods: (session, link) => session.methods.acceptRequests(link, () => session.methodsChanged()),
};
