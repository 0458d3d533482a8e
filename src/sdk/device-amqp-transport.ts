import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import iotCommon, { type AuthenticationProvider, type TransportConfig } from 'azure-iot-common';
import amqpTransports from 'azure-iot-device-amqp';
import type { SocketEvidence } from './device-connect-error.ts';
import type { MethodCall } from './device-link.ts';
import { openSocket } from './device-socket.ts';
import type { TransportSettings } from './device-transport.ts';

const { Amqp } = amqpTransports;
const { endpoint } = iotCommon;

/** The part of azure-iot-amqp-base that is used here. */
interface AmqpBase {
  connect(config: object, done: (error?: Error | null, result?: unknown) => void): void;
  attachSenderLink(endpoint: string, options: LinkOptions, done: unknown): void;
  attachReceiverLink(endpoint: string, options: LinkOptions, done: unknown): void;
}
type LinkOptions = { readonly properties?: object } | null;

interface StateMachine {
  transition(state: string, ...values: unknown[]): void;
  readonly states: { readonly connecting: { _onEnter: (done: unknown) => void } };
}

/** A connection that died without a word is noticed after this long; the hub sends an empty frame in time. AMQP 1.0 §2.4.5 */
const IDLE_TIMEOUT_MS = 120_000;

/** What ends a socket when the device cuts it: rhea takes notice of errors only, and else waits 45 s for answers. */
const CUT = new Error('cut by the device');

/**
 * The SDK's AMQP transport, with what a simulated device needs and the SDK does not offer: as device-mqtt-transport.ts. The SDK's
 * own way to connect asks for the user agent by a child process, and makes its sockets where nobody can watch them.
 */
export class AmqpTransport extends Amqp {
  readonly #settings: TransportSettings;
  readonly #authentication: AuthenticationProvider;
  #socket: Duplex | undefined;
  #socketError: NodeJS.ErrnoException | undefined;

  constructor(
    authentication: AuthenticationProvider,
    settings: TransportSettings,
    onMethod: (call: MethodCall) => void,
  ) {
    super(authentication);
    this.#settings = settings;
    this.#authentication = authentication;
    const machine: unknown = Reflect.get(this, '_fsm');
    const base: unknown = Reflect.get(this, '_amqp');
    const methods: unknown = Reflect.get(this, '_deviceMethodClient');
    if (!isStateMachine(machine) || !isBase(base) || !isObject(methods)) {
      throw new Error('azure-iot-device-amqp has changed: no _fsm, _amqp or _deviceMethodClient');
    }
    silence(base);
    machine.states.connecting._onEnter = (done) => this.#connect(machine, base, done);
    if (settings.modelId !== undefined) announceModel(base, settings.modelId);
    catchMethods(methods, onMethod);
  }

  evidenceOf(error?: unknown): SocketEvidence {
    // A certificate is judged when a link is attached, a token when it is put: both say so with this error.
    const isRefused = error instanceof Error && error.name === 'UnauthorizedError';
    const refusal = isRefused ? { text: 'amqp:unauthorized-access', isTemporary: false } : undefined;
    return { refusal, error: this.#socketError };
  }

  cut(): void {
    this.#socket?.destroy(CUT);
  }

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    const hadListeners = super.emit(event, ...values);
    // A link that the hub ended, and the connection lives on: the SDK tells and does no more. Ours is replaced as a whole.
    if (event === 'error') super.emit('disconnect', ...values);
    return hadListeners;
  }

  /** As the SDK's own, to where we are told. */
  #connect(machine: StateMachine, base: AmqpBase, done: unknown): void {
    this.#authentication.getDeviceCredentials((error, credentials) => {
      if (error || credentials === undefined) {
        machine.transition('disconnected', error, done);
        return;
      }
      this.#nameEndpoints(credentials.deviceId);
      base.connect(this.#config(credentials), (failure, result) => {
        if (failure) machine.transition('disconnected', this.#socketError ?? failure, done);
        else machine.transition('authenticating', result, done);
      });
    });
  }

  #nameEndpoints(deviceId: string): void {
    Reflect.set(this, '_c2dEndpoint', endpoint.deviceMessagePath(deviceId));
    Reflect.set(this, '_d2cEndpoint', endpoint.deviceEventPath(deviceId));
    Reflect.set(this, '_messageEventName', 'message');
  }

  #config({ host: hostName }: TransportConfig): object {
    const { host, port, userAgent } = this.#settings;
    return {
      uri: `amqps://${host}:${port}`,
      userAgentString: userAgent,
      policyOverride: {
        hostname: hostName,
        idle_time_out: IDLE_TIMEOUT_MS,
        connection_details: () => ({
          connect: (_port: unknown, _host: unknown, _options: unknown, connected: () => void) => this.#dial(connected),
        }),
      },
    };
  }

  #dial(connected: () => void): Duplex {
    const socket = openSocket(this.#settings, 'AMQPWSB10', connected);
    socket.on('error', (error) => {
      if (error !== CUT) this.#socketError = error;
    });
    socket.on('close', () => this.emit('disconnect', this.#socketError));
    this.#socket = socket;
    return socket;
  }
}

/** The end of a connection that the SDK has let go of already is written to stderr by rhea, unless somebody listens. */
function silence(base: AmqpBase): void {
  const container: unknown = Reflect.get(base, '_rheaContainer');
  if (!(container instanceof EventEmitter)) throw new Error('azure-iot-amqp-base has changed: no _rheaContainer');
  container.on('disconnected', () => undefined);
}

/** The Node SDK has no model ids over AMQP; the hub takes them as a link property, as other SDKs send it. */
function announceModel(base: AmqpBase, modelId: string): void {
  const withModel = (options: LinkOptions): object => ({
    ...options,
    properties: { ...options?.properties, 'com.microsoft:model-id': modelId },
  });
  const attachSender = base.attachSenderLink.bind(base);
  const attachReceiver = base.attachReceiverLink.bind(base);
  base.attachSenderLink = (endpoint, options, done) => attachSender(endpoint, withModel(options), done);
  base.attachReceiverLink = (endpoint, options, done) => attachReceiver(endpoint, withModel(options), done);
}

/** Methods nobody registered would be dropped (sdk-traps.md, 5): all of them come this way. */
function catchMethods(client: object, onMethod: (call: MethodCall) => void): void {
  const emit: unknown = Reflect.get(client, 'emit');
  if (typeof emit !== 'function')
    throw new Error('azure-iot-device-amqp has changed: its method client is no EventEmitter');
  Reflect.set(client, 'emit', (event: string | symbol, ...values: unknown[]): boolean => {
    const call = typeof event === 'string' && event.startsWith('method_') ? readMethodCall(values[0]) : undefined;
    if (call === undefined) return Reflect.apply(emit, client, [event, ...values]) === true;
    onMethod(call);
    return true;
  });
}

function readMethodCall(value: unknown): MethodCall | undefined {
  if (!isObject(value)) return undefined;
  const methods: unknown = Reflect.get(value, 'methods');
  const methodName: unknown = isObject(methods) ? Reflect.get(methods, 'methodName') : undefined;
  const requestId: unknown = Reflect.get(value, 'requestId');
  const body: unknown = Reflect.get(value, 'body');
  if (typeof methodName !== 'string' || typeof requestId !== 'string') return undefined;
  return { requestId, methodName, body: Buffer.from(typeof body === 'string' ? body : '') };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isBase(value: unknown): value is AmqpBase {
  const names = ['connect', 'attachSenderLink', 'attachReceiverLink'];
  return isObject(value) && names.every((name) => typeof Reflect.get(value, name) === 'function');
}

function isStateMachine(value: unknown): value is StateMachine {
  if (!isObject(value) || typeof Reflect.get(value, 'transition') !== 'function') return false;
  const states: unknown = Reflect.get(value, 'states');
  return isObject(states) && isObject(Reflect.get(states, 'connecting'));
}
