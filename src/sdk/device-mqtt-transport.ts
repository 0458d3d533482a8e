import type { AuthenticationProvider, TransportConfig } from 'azure-iot-common';
import mqttTransports from 'azure-iot-device-mqtt';
import type { SocketEvidence } from './device-connect-error.ts';
import type { MethodCall } from './device-link.ts';
import { MqttWire } from './device-mqtt-wire.ts';
import type { TransportSettings } from './device-transport.ts';

const { Mqtt } = mqttTransports;

/**
 * The SDK's MQTT transport on a wire of our own (device-mqtt-wire.ts), with what a simulated device needs and the SDK does not offer:
 *
 * - methods nobody registered reach `onMethod` (sdk-traps.md, 5). The SDK's own registration sends one SUBSCRIBE a method and
 *   answers 400 to a call without a payload, so all methods come this way;
 * - host and port for both protocols, whatever the connection string says (sdk-traps.md, 10);
 * - what the socket said when a connect fails or a connection ends (sdk-traps.md, 6);
 * - a way to cut the connection.
 */
export class MqttTransport extends Mqtt {
  readonly #wire: MqttWire;
  readonly #onMethod: (call: MethodCall) => void;

  constructor(
    authentication: AuthenticationProvider,
    settings: TransportSettings,
    onMethod: (call: MethodCall) => void,
  ) {
    const wire = new MqttWire(settings);
    super(authentication, wire);
    this.#wire = wire;
    this.#onMethod = onMethod;
    Reflect.set(this, '_userAgentString', settings.userAgent);
    if (settings.modelId !== undefined) this.setOptions({ modelId: settings.modelId });
  }

  evidenceOf(): SocketEvidence {
    return this.#wire.evidence;
  }

  cut(): void {
    this.#wire.cut();
  }

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (typeof event === 'string' && event.startsWith('method_') && this.listenerCount(event) === 0) {
      const call = readMethodCall(values[0]);
      if (call !== undefined) this.#onMethod(call);
      return true;
    }
    return super.emit(event, ...values);
  }

  /** The uri only has to be there: the wire knows where to. */
  protected override _getBaseTransportConfig(
    credentials: TransportConfig,
  ): ReturnType<InstanceType<typeof Mqtt>['_getBaseTransportConfig']> {
    return { ...super._getBaseTransportConfig(credentials), uri: 'mqtts://' };
  }
}

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
