import type { Hub } from '../../hub.ts';
import { HubError } from '../../model/hub-error.ts';
import { targetKey, type Target } from '../../model/identifiers.ts';
import type { JsonObject } from '../../model/json.ts';
import type { AuthenticatedDevice } from '../../operations/authorization.ts';
import type { CloseReason, Connection, DeviceLink, MethodCall } from '../../operations/connections.ts';
import type { TelemetrySource } from '../../operations/telemetry.ts';
import type { Grant } from './credentials.ts';
import { closeError, toAmqpError } from './errors.ts';
import { MethodChannel } from './links/method-links.ts';
import { TwinChannels } from './links/twin-links.ts';
import type { IncomingLink } from './transport/incoming-link.ts';
import type { AmqpError } from './transport/link.ts';
import type { OutgoingLink } from './transport/outgoing-link.ts';
import type { MessageCodec } from './transport/messages.ts';

export interface DeviceSessionOptions {
  readonly hub: Hub;
  readonly codec: MessageCodec;
  readonly device: AuthenticatedDevice;
  /** The Plug and Play model that it named; '' = none. */
  readonly modelId: string;
  readonly onFault: (error: unknown) => void;
  /** The hub cuts it off. @returns whether its connection ends, since nobody else is on it */
  readonly onCutOff: (error: AmqpError) => boolean;
  /** The last link has gone. */
  readonly onEnd: () => void;
}

/**
 * A device or module on an AMQP connection: connected from its first link to its last. A connection may carry many.
 */
export class DeviceSession implements DeviceLink {
  readonly hub: Hub;
  readonly target: Target;
  readonly key: string;
  readonly codec: MessageCodec;
  readonly onFault: (error: unknown) => void;
  readonly source: TelemetrySource;
  readonly twins = new TwinChannels();
  readonly methods: MethodChannel;
  readonly #options: DeviceSessionOptions;
  readonly #links = new Set<IncomingLink | OutgoingLink>();
  readonly #messageListeners = new Set<() => void>();
  readonly #opening: Promise<Connection>;
  #connection: Connection | undefined;

  constructor(options: DeviceSessionOptions) {
    const { hub, codec, device, onFault, modelId } = options;
    this.#options = options;
    this.hub = hub;
    this.codec = codec;
    this.onFault = onFault;
    this.target = device.target;
    this.key = targetKey(device.target);
    this.source = hub.telemetry.sourceOf(device, modelId);
    this.methods = new MethodChannel(codec);
    this.#opening = this.#open();
  }

  /**
   * Takes a link of this device; `serve` accepts it once the device counts as connected.
   */
  attach(link: IncomingLink | OutgoingLink, grant: Grant, serve: () => void): void {
    this.#links.add(link);
    const forget = grant.onExpiry(() => link.close(closeError('tokenExpired', this.hub.now())));
    link.onClose(() => {
      forget();
      this.#links.delete(link);
      if (this.#links.size === 0) this.#end();
    });
    this.#opening.then(serve).catch((error: unknown) => {
      if (error instanceof HubError) link.refuse(toAmqpError(error, this.hub.now()));
      else this.onFault(error);
    });
  }

  /** Both links of direct methods are there, or not any more. */
  methodsChanged(): void {
    if (this.#connection !== undefined) this.hub.connections.setTakesMethods(this.#connection, this.methods.isOpen);
  }

  /** Calls back when there may be cloud-to-device messages. @returns stops that */
  onMessagesAvailable(listener: () => void): () => void {
    this.#messageListeners.add(listener);
    return () => this.#messageListeners.delete(listener);
  }

  heard(): void {
    this.hub.connections.heardFrom(this.key);
  }

  deliverMethod(call: MethodCall): () => void {
    return this.methods.deliver(call);
  }

  deliverDesired(patch: JsonObject): void {
    if (this.twins.notify(patch)) this.heard();
  }

  messagesAvailable(): void {
    for (const listener of [...this.#messageListeners]) listener();
  }

  close(reason: CloseReason): void {
    const error = closeError(reason, this.hub.now());
    if (this.#options.onCutOff(error)) return;
    for (const link of [...this.#links]) link.close(error);
  }

  async #open(): Promise<Connection> {
    const { hub, modelId } = this.#options;
    if (modelId !== '') await hub.twins.announceModel(this.target, modelId);
    this.#connection = hub.connections.open(this.target, this);
    return this.#connection;
  }

  #end(): void {
    this.#options.onEnd();
    this.#opening
      .then((connection) => this.hub.connections.closed(connection))
      .catch((error: unknown) => {
        if (!(error instanceof HubError)) this.onFault(error); // a refusal to open was told to the links
      });
  }
}
