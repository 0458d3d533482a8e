import type { RheaPerformative } from './whole-frames.ts';
import { boundReader, type RheaReader } from './bounded-reader.ts';

/**
 * What we use of rhea: it types most of this as `any`, and some parts that a server needs not at all. Nothing outside this
 * folder knows rhea.
 */
export interface Rhea {
  create_container(options: object): RheaContainer;
  uuid_to_string(uuid: Buffer): string;
  string_to_uuid(text: string): Buffer;
  readonly types: RheaTypes;
  readonly message: {
    encode(message: RheaMessage): Buffer;
    decode(bytes: Buffer): RheaMessage;
    data_section(bytes: Buffer): object;
  };
}

/** A value with its AMQP type. */
export type RheaTyped = object;

export interface RheaTypes {
  readonly Reader: { readonly prototype: RheaReader };
  wrap_int(value: number): RheaTyped;
  wrap_long(value: number): RheaTyped;
  wrap_ulong(value: number): RheaTyped;
  wrap_ubyte(value: number): RheaTyped;
  wrap_timestamp(value: number): RheaTyped;
  wrap_symbol(value: string): RheaTyped;
  wrap_array(values: readonly string[], typecode: number): RheaTyped;
  readonly Str32: { readonly typecode: number };
}

export type RheaMessage = Record<string, unknown>;

export interface RheaContainer {
  sasl_server_mechanisms: Record<string, () => SaslMechanism>;
  create_connection(options: object): RheaConnection;
  on(event: 'error', handler: (error: unknown) => void): void;
}

/** One run of a SASL mechanism; `outcome` is set when it has ended. */
export interface SaslMechanism {
  outcome: boolean | undefined;
  username: string | undefined;
  start(response: Buffer | null | undefined, hostName: string | undefined): void;
}

/** All that rhea asks of a socket. */
export interface RheaSocket {
  on(event: string, handler: (argument?: unknown) => void): void;
  write(bytes: Buffer): void;
  end(): void;
  get_id_string(): string;
}

export interface RheaConnection {
  readonly hostname: string | undefined;
  readonly remote: { readonly open?: object };
  /** The size of the frame that is being read in pieces. */
  readonly frame_size: number | undefined;
  socket_ready: boolean;
  heartbeat_in: NodeJS.Timeout | undefined;
  heartbeat_out: NodeJS.Timeout | undefined;
  accept(socket: RheaSocket): void;
  close(error?: object): void;
  eof(): void;
  on_transfer(frame: RheaTransferFrame): void;
  /** Without a performative it is a heartbeat. */
  _write_frame(channel?: number, frame?: RheaPerformative, payload?: Buffer): void;
  readonly remote_channel_map: Readonly<Record<number, RheaSession>>;
  _register(): void;
  /** Writes what is due now instead of at the end of the tick. */
  _process(): void;
  on(event: string, handler: (context: RheaContext) => void): void;
}

export interface RheaSession {
  readonly outgoing: { available(): number };
  readonly remote: { readonly handles: Readonly<Record<number, RheaLink>> };
  close(error?: object): void;
}

export interface RheaTransferFrame {
  readonly channel: number;
  readonly performative: { readonly handle: number; readonly more: boolean; readonly delivery_id?: unknown };
  readonly payload?: Buffer;
}

export interface RheaContext {
  readonly sender?: RheaSender;
  readonly receiver?: RheaReceiver;
  readonly session?: RheaSession;
  readonly message?: RheaMessage | Buffer;
  readonly delivery?: RheaDelivery;
  /** Of a message whose format is not AMQP's own. */
  readonly format?: number;
}

export interface RheaDelivery {
  readonly tag: Buffer;
  remote_settled: boolean;
  settled: boolean;
  accept(): void;
  release(): void;
  reject(error: object): void;
  update(settled: boolean): void;
}

interface RheaTerminus {
  /** Text, if the peer keeps to the protocol. */
  readonly address?: unknown;
  readonly filter?: unknown;
}

export interface RheaLink {
  readonly name: string;
  readonly source: RheaTerminus | null | undefined;
  readonly target: RheaTerminus | null | undefined;
  readonly properties: unknown;
  readonly snd_settle_mode: number | undefined;
  readonly rcv_settle_mode: number | undefined;
  readonly desired_capabilities: unknown;
  readonly connection: RheaConnection;
  readonly session: RheaSession;
  readonly local: { readonly attach: Record<string, unknown> };
  readonly state: { local_open: boolean; open_requests: number };
  set_source(source: object): void;
  set_target(target: object): void;
  open(): void;
  close(error?: object): void;
  /** A message of which not all frames have come; on receivers. */
  readonly _incomplete?: { readonly frames: Buffer[] };
  on(event: string, handler: (context: RheaContext) => void): void;
}

export interface RheaSender extends RheaLink {
  readonly credit: number;
  readonly delivery_count: number;
  send(message: Buffer, tag: Buffer | undefined, format: number): RheaDelivery;
  set_drained(drained: boolean): void;
}

export type RheaReceiver = RheaLink;

/** Loaded by the first client that speaks AMQP: it costs 20 ms. */
export async function loadRhea(): Promise<Rhea> {
  const { default: rhea } = await import('rhea');
  const own = rhea as unknown as Rhea; // the one place where its own types are given up
  boundReader(own.types.Reader);
  return own;
}
