import type { Duplex } from 'node:stream';
import mqttPacket, { type IConnectPacket, type Packet } from 'mqtt-packet';
import type { Hub } from '../../hub.ts';
import { HubError } from '../../model/hub-error.ts';
import { MAX_TELEMETRY_BYTES } from '../../model/limits.ts';
import type { ClientCertificate } from '../../operations/authorization.ts';
import type { DeviceSession } from './device-session.ts';
import { KnownTopics } from './known-topics.ts';
import { FramingError, PacketFramer, type PacketFrame } from './packet-framer.ts';
import { packetId } from './packets/packet-id.ts';
import { connectDevice } from './packets/connect.ts';
import { readPublish } from './publish-packet.ts';
import { handlePublish } from './packets/publish.ts';
import { handleSubscribe } from './packets/subscribe.ts';
import { handleUnsubscribe } from './packets/unsubscribe.ts';

export interface MqttConnectionOptions {
  readonly hub: Hub;
  readonly stream: Duplex;
  readonly certificate: ClientCertificate | undefined;
  readonly onFault: (error: unknown) => void;
  readonly onClose: () => void;
}

/** How long a client may take to send its CONNECT. */
const CONNECT_TIMEOUT_MS = 60_000;
/** The longest silence that the hub bears, whatever keep-alive a client asks for. @see device-protocol.md, 3.4 */
const MAX_SILENCE_MS = 1_767_000;
/** A message of full size with a topic of full size. */
const MAX_PACKET_BYTES = MAX_TELEMETRY_BYTES + 64 * 1024 + 16;
/** A client that has this much to read still is not listened to, and gets no more messages, until it reads. */
const MAX_UNREAD_BYTES = 512 * 1024;
/** A client that leaves this much of what services tell it unread is gone for all we know. */
const MAX_PUSHED_BYTES = 8 * 1024 * 1024;
/** What may wait behind a slow request before the client is made to wait. */
const MAX_WAITING_BYTES = 64 * 1024;

type State =
  | { readonly kind: 'new' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly session: DeviceSession; readonly knownTopics: KnownTopics }
  | { readonly kind: 'closed' };

/** One MQTT connection: bytes to packets, packets in order to what handles them, silence and the end. */
export class MqttConnection {
  readonly #options: MqttConnectionOptions;
  readonly #parser = mqttPacket.parser({ protocolVersion: 4 });
  readonly #framer = new PacketFramer(MAX_PACKET_BYTES);
  #busy = false;
  #state: State = { kind: 'new' };
  /** By a clock that nobody sets. */
  #lastPacketMs = performance.now();
  #silenceMs = CONNECT_TIMEOUT_MS;
  #silenceTimer: NodeJS.Timeout;
  #corked = false;

  constructor(options: MqttConnectionOptions) {
    this.#options = options;
    const { stream } = options;
    this.#silenceTimer = setTimeout(() => this.#checkSilence(), CONNECT_TIMEOUT_MS);
    this.#parser.on('packet', (packet) => this.#receive(packet));
    this.#parser.on('error', () => this.close()); // malformed: [MQTT-4.8.0-1]
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', () => this.close()); // a reset by the peer, which `close` then settles
    stream.on('end', () => this.close());
    stream.on('close', () => this.close());
    stream.on('drain', () => {
      if (this.#state.kind === 'connected') this.#state.session.messagesAvailable();
      this.#goOn();
    });
  }

  /** Sends a packet; those of one moment travel together. */
  send(packet: Packet): void {
    this.#write(mqttPacket.generate(packet));
  }

  #write(bytes: Buffer): void {
    if (this.#state.kind === 'closed') return;
    const { stream } = this.#options;
    if (!this.#corked) {
      this.#corked = true;
      stream.cork();
      process.nextTick(() => {
        this.#corked = false;
        stream.uncork();
      });
    }
    stream.write(bytes);
    if (stream.writableLength > MAX_PUSHED_BYTES) this.close();
  }

  /** Ends the connection without a word, the only way MQTT 3.1.1 gives a server; the device's will is sent. */
  close(): void {
    this.#end({ graceful: false });
  }

  #end(how: { graceful: boolean }): void {
    const state = this.#state;
    if (state.kind === 'closed') return;
    this.#state = { kind: 'closed' };
    clearTimeout(this.#silenceTimer);
    const { stream, onClose } = this.#options;
    if (stream.destroyed) stream.destroy();
    else stream.end(() => stream.destroy());
    // A peer that does not read must not keep the socket.
    setTimeout(() => stream.destroy(), 1_000).unref();
    onClose();
    if (state.kind === 'connected') state.session.ended(how);
  }

  #read(chunk: Buffer): void {
    this.#lastPacketMs = performance.now();
    this.#framer.push(chunk);
    this.#takePackets();
    if (this.#isBehind() && this.#framer.length > MAX_WAITING_BYTES) this.#options.stream.pause();
  }

  /** Packets are handled one after the other, so that answers come in the order of the requests. [MQTT-4.6.0-2] */
  #takePackets(): void {
    try {
      while (!this.#isBehind()) {
        const state = this.#state;
        if (state.kind === 'closed') return;
        const frame = this.#framer.next();
        if (frame === undefined) return;
        if (state.kind !== 'connected' || !state.knownTopics.take(frame)) this.#decode(frame);
      }
    } catch (error) {
      this.#fail(error instanceof FramingError ? malformed(error) : error);
    }
  }

  /** The codec sees one whole packet at a time: what it makes of a malformed one cannot reach into the next. */
  #decode(frame: PacketFrame): void {
    const publish = readPublish(frame);
    if (publish !== undefined) {
      this.#receive(publish);
      return;
    }
    try {
      this.#parser.parse(frame.bytes.subarray(frame.start, frame.end));
    } catch (error) {
      throw malformed(error); // it throws on some malformed packets
    }
  }

  #receive(packet: Packet): void {
    if (this.#state.kind === 'closed') return;
    const done = this.#handle(packet);
    if (done === undefined) return;
    this.#busy = true;
    void done.then(() => this.#resume()); // #handle settles every failure
  }

  #resume(): void {
    this.#busy = false;
    this.#goOn();
  }

  #goOn(): void {
    this.#takePackets();
    if (!this.#isBehind() && this.#options.stream.isPaused()) this.#options.stream.resume();
  }

  /** Whether what comes has to wait: for the answer to what came before, or for the client to read its answers. */
  #isBehind(): boolean {
    return this.#busy || this.#options.stream.writableLength > MAX_UNREAD_BYTES;
  }

  /** Synchronous where it can be: telemetry costs no promise. */
  #handle(packet: Packet): Promise<void> | undefined {
    try {
      return this.#dispatch(packet)?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** A refusal has no words in MQTT 3.1.1: the connection ends. Anything else is our fault and is reported too. */
  #fail(error: unknown): void {
    if (!(error instanceof HubError)) this.#options.onFault(error);
    this.close();
  }

  #dispatch(packet: Packet): Promise<void> | undefined {
    const state = this.#state;
    if (state.kind === 'new' && packet.cmd === 'connect') return this.#connect(packet);
    if (state.kind !== 'connected') throw new HubError('InvalidOperation', 'the first packet must be CONNECT'); // [MQTT-3.1.0-1]
    switch (packet.cmd) {
      case 'publish':
        return handlePublish(state.session, packet);
      case 'puback':
        state.session.acknowledged(packetId(packet));
        return undefined;
      case 'subscribe':
        return handleSubscribe(state.session, packet);
      case 'unsubscribe':
        return handleUnsubscribe(state.session, packet);
      case 'pingreq':
        this.send({ cmd: 'pingresp' });
        return undefined;
      case 'disconnect':
        this.#end({ graceful: true });
        return undefined;
      default: // a second CONNECT, QoS 2, or a packet that only servers send
        throw new HubError('InvalidOperation', `a device may not send ${packet.cmd}`);
    }
  }

  async #connect(packet: IConnectPacket): Promise<void> {
    this.#state = { kind: 'connecting' };
    const { hub, stream, certificate, onFault } = this.#options;
    const link = {
      send: (answer: Packet) => this.send(answer),
      sendBytes: (bytes: Buffer) => {
        if (!this.#hasClosed()) stream.write(bytes);
      },
      hasRoom: () => this.#options.stream.writableLength < MAX_UNREAD_BYTES,
      close: () => this.close(),
      onFault,
    };
    const outcome = await connectDevice({ hub, certificate, link }, packet);
    if (this.#hasClosed()) {
      if (outcome.kind === 'accepted') outcome.session.ended({ graceful: false });
      return;
    }
    if (outcome.kind === 'refused') {
      this.send({ cmd: 'connack', returnCode: outcome.returnCode, sessionPresent: false });
      this.close();
      return;
    }
    const { session } = outcome;
    this.#state = { kind: 'connected', session, knownTopics: new KnownTopics(session) };
    const keepAliveMs = (packet.keepalive ?? 0) * 1500;
    this.#silenceMs = keepAliveMs === 0 ? MAX_SILENCE_MS : Math.min(keepAliveMs, MAX_SILENCE_MS);
    this.#armSilence(this.#silenceMs);
    this.send({ cmd: 'connack', returnCode: 0, sessionPresent: outcome.sessionPresent });
    session.begin();
  }

  /** A method, since the compiler does not see that the state changes while a promise is awaited. */
  #hasClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** A packet costs one assignment; the timer looks whether the silence was long enough when it fires. */
  #checkSilence(): void {
    const silentMs = performance.now() - this.#lastPacketMs;
    if (silentMs >= this.#silenceMs || this.#state.kind === 'new')
      this.close(); // [MQTT-3.1.2-24]
    else this.#armSilence(this.#silenceMs - silentMs);
  }

  #armSilence(ms: number): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#checkSilence(), ms);
  }
}

/** [MQTT-4.8.0-1] */
function malformed(cause: unknown): HubError {
  return new HubError('ArgumentInvalid', 'a packet is malformed', { cause });
}
