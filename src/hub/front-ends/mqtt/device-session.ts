import type { Packet } from 'mqtt-packet';
import type { Hub } from '../../hub.ts';
import type { HubError } from '../../model/hub-error.ts';
import type { AppendedBatch } from '../../model/event.ts';
import { describeTarget, targetKey, type Target } from '../../model/identifiers.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Connection, DeviceLink, MethodCall } from '../../operations/connections.ts';
import type { TelemetrySource } from '../../operations/telemetry.ts';
import { atTime } from '../deadline.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { CloudToDeviceDelivery } from './cloud-to-device-delivery.ts';
import { errorBody } from '../error-body.ts';
import {
  DESIRED_PATCHES,
  METHOD_REQUESTS,
  methodRequestTopic,
  desiredPatchTopic,
  Topics,
  TWIN_RESPONSES,
  twinResponseTopic,
} from './topics.ts';

/** How a session reaches its peer. */
export interface PacketLink {
  send(packet: Packet): void;
  /** Sends packets that are encoded already. */
  sendBytes(bytes: Buffer): void;
  /** Whether the peer reads what it is sent. */
  hasRoom(): boolean;
  close(): void;
  onFault(error: unknown): void;
}

export interface DeviceSessionOptions {
  readonly hub: Hub;
  readonly link: PacketLink;
  readonly target: Target;
  readonly apiVersion: string | undefined;
  /** When the credential ends, and the connection with it. */
  readonly endsMs: number;
  /** Whether subscriptions outlive the connection. */
  readonly persistent: boolean;
  readonly subscriptions: ReadonlyMap<string, 0 | 1>;
  /** Who its telemetry is from. */
  readonly source: TelemetrySource;
  readonly sendWill: (() => void) | undefined;
}

/** A connected device or module: its subscriptions, and the method calls that it has not answered yet. */
export class DeviceSession implements DeviceLink {
  readonly hub: Hub;
  readonly target: Target;
  readonly key: string;
  readonly topics: Topics;
  readonly apiVersion: string | undefined;
  readonly persistent: boolean;
  readonly source: TelemetrySource;
  readonly subscriptions: Map<string, 0 | 1>;
  readonly #link: PacketLink;
  readonly #sendWill: (() => void) | undefined;
  readonly #cancelExpiry: () => void;
  readonly #calls = new Map<string, MethodCall>();
  readonly #acknowledgements: Acknowledgements;
  /** Messages are for devices only. */
  readonly #delivery: CloudToDeviceDelivery | undefined;
  #lastRid = 0;
  #connection: Connection | undefined;
  /** Nothing may be sent before the CONNACK. [MQTT-3.2.0-1] */
  #hasBegun = false;

  constructor(options: DeviceSessionOptions) {
    this.hub = options.hub;
    this.target = options.target;
    this.key = targetKey(options.target);
    this.topics = new Topics(options.target);
    this.apiVersion = options.apiVersion;
    this.persistent = options.persistent;
    this.source = options.source;
    this.subscriptions = new Map(options.subscriptions);
    this.#link = options.link;
    this.#sendWill = options.sendWill;
    this.#acknowledgements = new Acknowledgements(options.link);
    this.#delivery = options.target.moduleId === undefined ? new CloudToDeviceDelivery(this, options.link) : undefined;
    this.#cancelExpiry = atTime(options.endsMs, options.hub.clock, () => this.close());
  }

  /** Takes the place of any other connection of the target. */
  open(): void {
    this.#connection = this.hub.connections.open(this.target, this);
  }

  /** Behind the CONNACK: a kept subscription works again at once. */
  begin(): void {
    this.#hasBegun = true;
    this.subscriptionsChanged();
  }

  subscriptionsChanged(): void {
    if (!this.#hasBegun || this.#connection === undefined) return;
    this.hub.connections.setTakesMethods(this.#connection, this.subscriptions.has(METHOD_REQUESTS));
    this.messagesAvailable();
  }

  send(packet: Packet): void {
    this.#link.send(packet);
  }

  close(): void {
    this.#link.close();
  }

  /** The connection has ended. */
  ended({ graceful }: { graceful: boolean }): void {
    this.#cancelExpiry();
    this.#calls.clear();
    this.#delivery?.end();
    if (!graceful) this.#sendWill?.();
    if (this.#connection !== undefined) this.hub.connections.closed(this.#connection);
  }

  deliverMethod(call: MethodCall): () => void {
    this.#lastRid += 1;
    const rid = this.#lastRid.toString(16); // a counter in hexadecimal, as the hub's own. device-protocol.md, 7
    this.#calls.set(rid, call);
    this.#publish(methodRequestTopic(call.name, rid), call.payload ?? '');
    return () => this.#calls.delete(rid);
  }

  /** An unknown or late answer is passed over. */
  answerMethod(rid: string, status: string, body: Buffer): void {
    this.#calls.get(rid)?.respond(status, body);
  }

  deliverDesired(patch: JsonObject): void {
    if (!this.#hasBegun || !this.subscriptions.has(DESIRED_PATCHES)) return;
    this.hub.connections.heardFrom(this.key);
    this.#publish(desiredPatchTopic(Number(patch['$version'])), JSON.stringify(patch));
  }

  messagesAvailable(): void {
    if (!this.#hasBegun) return;
    const qos = this.subscriptions.get(`${this.topics.deviceBound}#`);
    if (qos !== undefined) this.#delivery?.deliver(qos);
  }

  /** Acknowledges a publish, behind the write where there is one to wait for. */
  acknowledge(packetId: number, batch?: AppendedBatch): void {
    this.#acknowledgements.add(packetId, batch);
  }

  answerTwin(status: number, rid: string, answer: { body?: JsonObject; version?: number }): void {
    if (!this.subscriptions.has(TWIN_RESPONSES)) return;
    this.#publish(
      twinResponseTopic(status, rid, answer.version),
      answer.body === undefined ? '' : JSON.stringify(answer.body),
    );
  }

  /** Always with a body: the Node SDK takes an empty error for success. */
  refuseTwin(rid: string, error: HubError): void {
    this.answerTwin(error.status, rid, { body: errorBody(error, this.hub.now()) });
  }

  /** The device has acknowledged a message of QoS 1. */
  acknowledged(packetId: number): void {
    this.hub.connections.heardFrom(this.key);
    this.#delivery?.acknowledged(packetId);
  }

  describe(): string {
    return describeTarget(this.target);
  }

  /** Twin answers, desired patches and method requests travel with QoS 0 whatever was granted. device-protocol.md, 3.6 */
  #publish(topic: string, payload: string): void {
    this.send({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false });
  }
}
