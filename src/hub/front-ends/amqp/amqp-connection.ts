import type { Duplex } from 'node:stream';
import type { Hub } from '../../hub.ts';
import { HubError } from '../../model/hub-error.ts';
import { targetKey } from '../../model/identifiers.ts';
import type { ClientCertificate } from '../../operations/authorization.ts';
import { parseAddress, type Address } from './addresses.ts';
import { Credentials, type Grant } from './credentials.ts';
import { DeviceSession } from './device-session.ts';
import { CONNECTION_FORCED, closeError, toAmqpError } from './errors.ts';
import { newManagementChannel } from './event-hub/management.ts';
import { newClaimsChannel } from './links/claims-links.ts';
import { serveDeviceLink } from './links/device-links.ts';
import type { RequestChannel } from './links/request-channel.ts';
import { serveServiceLink } from './links/service-links.ts';
import { AmqpPeer } from './transport/connection.ts';
import type { IncomingLink } from './transport/incoming-link.ts';
import type { AmqpError } from './transport/link.ts';
import type { OutgoingLink } from './transport/outgoing-link.ts';
import type { MessageCodec } from './transport/messages.ts';
import type { Rhea } from './transport/rhea.ts';
import type { SaslCredential } from './transport/sasl.ts';

export interface AmqpConnectionOptions {
  readonly hub: Hub;
  readonly rhea: Rhea;
  readonly stream: Duplex;
  readonly certificate: ClientCertificate | undefined;
  /** The port that this hub's AMQP is reached by, for redirects. */
  readonly amqpPort: () => number;
  readonly onFault: (error: unknown) => void;
  readonly onClose: () => void;
}

/** One AMQP connection: who is on it, and which links lead where. */
export class AmqpConnection {
  readonly hub: Hub;
  readonly credentials: Credentials;
  readonly management: RequestChannel;
  readonly #claims: RequestChannel;
  readonly #options: AmqpConnectionOptions;
  readonly #peer: AmqpPeer;
  readonly #sessions = new Map<string, DeviceSession>();

  constructor(options: AmqpConnectionOptions) {
    const { hub, rhea, stream, certificate, onFault } = options;
    this.#options = options;
    this.hub = hub;
    this.credentials = new Credentials(hub, certificate, () => this.close(closeError('tokenExpired', hub.now())));
    this.management = newManagementChannel(hub);
    this.#claims = newClaimsChannel(hub, this.credentials);
    this.#peer = new AmqpPeer(rhea, stream, {
      onSasl: (credential) => this.#authenticate(credential),
      onLink: (link) => this.#serve(link),
      onEnd: () => this.#ended(),
      onFault,
    });
  }

  get codec(): MessageCodec {
    return this.#peer.codec;
  }

  get amqpPort(): number {
    return this.#options.amqpPort();
  }

  /** Ends all that is open; the peer hears why. */
  close(error: AmqpError): void {
    this.#peer.close(error);
  }

  /** Ends all that is open, since the hub does: the peer may come back. */
  stop(): void {
    this.#peer.close(CONNECTION_FORCED, closeError('stopping', this.hub.now()));
  }

  readonly onFault = (error: unknown): void => this.#options.onFault(error);

  /** A link that a credential allows; it ends with it. */
  holdTo(grant: Grant, link: IncomingLink | OutgoingLink): void {
    link.onClose(grant.onExpiry(() => link.close(closeError('tokenExpired', this.hub.now()))));
  }

  #authenticate(credential: SaslCredential): boolean {
    if (credential.kind === 'anonymous') return true;
    if (credential.kind === 'external') return this.#options.certificate !== undefined;
    try {
      this.credentials.put(credential.password);
      return true;
    } catch (error) {
      if (error instanceof HubError) return false;
      throw error;
    }
  }

  #serve(link: IncomingLink | OutgoingLink): void {
    try {
      this.#dispatch(link, parseAddress(link.address));
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      link.refuse(toAmqpError(error, this.hub.now()));
    }
  }

  #dispatch(link: IncomingLink | OutgoingLink, address: Address): void {
    if (address.kind === 'cbs') {
      this.#claims.attach(link);
      return;
    }
    if (address.kind !== 'device') {
      serveServiceLink(this, link, address);
      return;
    }
    const { device, grant } = this.credentials.authenticateDevice(address.spellings);
    const session = this.#sessions.get(targetKey(device.target)) ?? this.#openSession(device, link);
    session.attach(link, grant, () => serveDeviceLink(session, link, address.endpoint));
  }

  #openSession(device: ReturnType<Credentials['authenticateDevice']>['device'], link: IncomingLink | OutgoingLink) {
    const modelId = link.properties['com.microsoft:model-id'];
    const key = targetKey(device.target);
    const session: DeviceSession = new DeviceSession({
      hub: this.hub,
      codec: this.codec,
      device,
      modelId: typeof modelId === 'string' ? modelId : '',
      onFault: this.#options.onFault,
      onCutOff: (error) => {
        if (this.#sessions.size > 1) return false;
        this.close(error);
        return true;
      },
      onEnd: () => {
        if (this.#sessions.get(key) === session) this.#sessions.delete(key);
      },
    });
    this.#sessions.set(key, session);
    return session;
  }

  #ended(): void {
    this.credentials.forget();
    this.#options.onClose();
  }
}
