import { readMap, readText, type MessageCodec } from './messages.ts';
import type { RheaLink } from './rhea.ts';

/** Why a link, a connection or a message is refused. */
export interface AmqpError {
  readonly condition: string;
  readonly description: string;
  readonly info?: Readonly<Record<string, unknown>>;
}

/** What a link needs of its connection. */
export interface LinkHost {
  readonly codec: MessageCodec;
  /** Whether the peer does not read as fast as it is sent to. */
  readonly isCongested: boolean;
  /** Runs a handler of ours and reports what it throws: rhea would take it for the peer's mistake. */
  guard(run: () => void): void;
}

/**
 * A link that a peer has asked for. Its attach is answered when it is accepted or refused, which may be later.
 */
export abstract class Link {
  readonly properties: Readonly<Record<string, unknown>>;
  protected readonly host: LinkHost;
  readonly #link: RheaLink;
  readonly #closeListeners = new Set<() => void>();
  #state: 'asked' | 'open' | 'closed' = 'asked';

  constructor(link: RheaLink, host: LinkHost) {
    this.#link = link;
    this.host = host;
    this.properties = readMap(link.properties);
    // rhea has opened its end already; nothing is written before the current tick ends.
    link.state.local_open = false;
    link.state.open_requests = 0;
    const onClose = (): void => host.guard(() => this.#peerClosed());
    link.on('sender_close', onClose);
    link.on('receiver_close', onClose);
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Called once, however the link ends, the end of the connection included. */
  onClose(listener: () => void): void {
    if (this.#state === 'closed') listener();
    else this.#closeListeners.add(listener);
  }

  /** Attaches, as the service does, and detaches with the error. */
  refuse(error: AmqpError): void {
    this.answer({});
    this.close(error);
  }

  close(error?: AmqpError): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'asked') this.#link.open();
    this.#link.close(error);
    this.ended();
  }

  /** The connection is gone, or the link. */
  ended(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const listener of [...this.#closeListeners]) this.host.guard(listener);
    this.#closeListeners.clear();
  }

  protected answer(attach: Readonly<Record<string, unknown>>): void {
    if (this.#state !== 'asked') return;
    const link = this.#link;
    link.set_source(terminus(readText(link.source?.address)));
    link.set_target(terminus(readText(link.target?.address)));
    // Told back as they came, if they are what they should be: anything else cannot be written.
    const properties = isMap(link.properties) ? link.properties : undefined;
    Object.assign(link.local.attach, { properties, ...attach });
    link.open();
    this.#state = 'open';
  }

  #peerClosed(): void {
    if (this.#state === 'asked') this.#link.open(); // a detach wants an attach before it
    this.ended();
  }
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}

function terminus(address: string | undefined): object {
  return address === undefined ? {} : { address };
}
