import { EventEmitter } from 'node:events';
import type { AuthenticationProvider, TransportConfig } from 'azure-iot-common';
import mqttTransports from 'azure-iot-device-mqtt';
import type { SocketEvidence } from './device-connect-error.ts';
import type { MethodCall } from './device-link.ts';
import { type TransportSettings, webSocketUrl } from './device-transport.ts';

const { Mqtt } = mqttTransports;

type MqttOptions = Readonly<Record<string, unknown>>;
interface MqttProvider {
  connect(uri: string, options: MqttOptions): unknown;
}

/**
 * The SDK's MQTT transport, with what a simulated device needs and the SDK does not offer:
 *
 * - methods nobody registered reach `onMethod` (sdk-traps.md, 5). The SDK's own registration sends one SUBSCRIBE a method and
 *   answers 400 to a call without a payload, so all methods come this way;
 * - host and port for both protocols, whatever the connection string says (sdk-traps.md, 10);
 * - what the socket said when a connect fails or a connection ends (sdk-traps.md, 6);
 * - a way to cut the connection.
 */
export class MqttTransport extends Mqtt {
  readonly #settings: TransportSettings;
  readonly #onMethod: (call: MethodCall) => void;
  #evidence: SocketEvidence = { refusal: undefined, error: undefined };
  #stream: { destroy(): unknown } | undefined;

  constructor(
    authentication: AuthenticationProvider,
    settings: TransportSettings,
    onMethod: (call: MethodCall) => void,
  ) {
    super(authentication);
    this.#settings = settings;
    this.#onMethod = onMethod;
    this.#wrapProvider();
    Reflect.set(this, '_userAgentString', settings.userAgent);
    if (settings.modelId !== undefined) this.setOptions({ modelId: settings.modelId });
  }

  evidenceOf(): SocketEvidence {
    return this.#evidence;
  }

  cut(): void {
    this.#stream?.destroy();
  }

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (typeof event === 'string' && event.startsWith('method_') && this.listenerCount(event) === 0) {
      const call = readMethodCall(values[0]);
      if (call !== undefined) this.#onMethod(call);
      return true;
    }
    return super.emit(event, ...values);
  }

  protected override _getBaseTransportConfig(
    credentials: TransportConfig,
  ): ReturnType<InstanceType<typeof Mqtt>['_getBaseTransportConfig']> {
    const { protocol, host, port } = this.#settings;
    const uri = protocol === 'mqtt' ? `mqtts://${host}:${port}` : webSocketUrl({ host, port });
    return { ...super._getBaseTransportConfig(credentials), uri };
  }

  /** MqttBase asks its provider for MQTT.js clients: there the options are completed and the sockets watched. */
  #wrapProvider(): void {
    const base: unknown = Reflect.get(this, '_mqtt');
    const provider: unknown = isObject(base) ? Reflect.get(base, 'mqttProvider') : undefined;
    if (!isObject(base) || !isProvider(provider)) throw new Error('azure-iot-mqtt-base has changed: no mqttProvider');
    const wrapped: MqttProvider = {
      connect: (uri, options) => {
        const client = provider.connect(uri, this.#complete(options));
        this.#watch(client);
        return client;
      },
    };
    Reflect.set(base, 'mqttProvider', wrapped);
  }

  #complete(options: MqttOptions): MqttOptions {
    const { protocol, secureContext, agent, connectTimeoutMs } = this.#settings;
    const completed = { ...options, connectTimeout: connectTimeoutMs };
    if (protocol === 'mqtt') return { ...completed, secureContext };
    return { ...completed, wsOptions: { secureContext, ...(agent && { agent }) } };
  }

  #watch(client: unknown): void {
    if (!(client instanceof EventEmitter)) throw new Error('MQTT.js has changed: its client is no EventEmitter');
    const note = (error: unknown): void => this.#note(error);
    client.on('error', note);
    const stream: unknown = Reflect.get(client, 'stream');
    if (!isStream(stream)) throw new Error('MQTT.js has changed: its client has no stream');
    stream.on('error', note);
    this.#stream = stream;
  }

  #note(error: unknown): void {
    if (!(error instanceof Error)) return;
    const code: unknown = Reflect.get(error, 'code');
    // MQTT.js gives a refused CONNECT as an error whose code is the CONNACK's number; socket errors have text codes.
    if (typeof code !== 'number') this.#evidence = { ...this.#evidence, error };
    else this.#evidence = { refusal: { text: `CONNACK ${code}`, isTemporary: code === SERVER_UNAVAILABLE }, error };
  }
}

/** MQTT 3.1.1, table 3.1. */
const SERVER_UNAVAILABLE = 3;

function readMethodCall(value: unknown): MethodCall | undefined {
  if (!isObject(value)) return undefined;
  const methods: unknown = Reflect.get(value, 'methods');
  const methodName: unknown = isObject(methods) ? Reflect.get(methods, 'methodName') : undefined;
  const requestId: unknown = Reflect.get(value, 'requestId');
  const body: unknown = Reflect.get(value, 'body');
  if (typeof methodName !== 'string' || typeof requestId !== 'string') return undefined;
  return { requestId, methodName: decodeName(methodName), body: Buffer.isBuffer(body) ? body : Buffer.alloc(0) };
}

/** The SDK reads the topic as a URL, which encodes what is not allowed in one; a name that is no valid encoding stays as it is. */
function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isProvider(value: unknown): value is MqttProvider {
  return (isObject(value) || typeof value === 'function') && typeof Reflect.get(value, 'connect') === 'function';
}

function isStream(value: unknown): value is EventEmitter & { destroy(): unknown } {
  return value instanceof EventEmitter && typeof Reflect.get(value, 'destroy') === 'function';
}
