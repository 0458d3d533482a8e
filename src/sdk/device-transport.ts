import type { SecureContext } from 'node:tls';
import type { Agent } from 'node:https';
import type { AuthenticationProvider } from 'azure-iot-common';
import type { Client } from 'azure-iot-device';
import type { SocketEvidence } from './device-connect-error.ts';
import type { MethodCall } from './device-link.ts';
import type { TlsSessions } from './tls-sessions.ts';

export type DeviceProtocol = 'mqtt' | 'mqtt-ws' | 'amqp' | 'amqp-ws';

export interface TransportSettings {
  readonly protocol: DeviceProtocol;
  readonly host: string;
  readonly port: number;
  /** One for all devices: with `ca` alone every connection would parse the certificates anew. */
  readonly secureContext: SecureContext;
  /** Shared by all devices that show TLS no certificate. */
  readonly sessions: TlsSessions | undefined;
  /** For WebSocket through a proxy. */
  readonly agent: Agent | undefined;
  readonly modelId: string | undefined;
  readonly connectTimeoutMs: number;
  /** What the SDK would find out with a child process (`uname`) for every client: 7 s for a thousand devices. */
  readonly userAgent: string;
}

/**
 * A transport of the SDK with what a simulated device needs and the SDK does not offer: every direct method reaches one place, host
 * and port are as told, the socket's own words are kept, and the connection can be cut.
 */
export type SimulatedTransport = ConstructorParameters<typeof Client>[0] & {
  /** What the hub and the socket said, `error` being what the SDK made of it. */
  evidenceOf(error?: unknown): SocketEvidence;
  /** Ends the socket at once, without a goodbye. */
  cut(): void;
};

export type MakeTransport = (
  authentication: AuthenticationProvider,
  settings: TransportSettings,
  onMethod: (call: MethodCall) => void,
) => SimulatedTransport;

/** Each transport is a library of its own: only the one in use is loaded. */
export async function transportFor(protocol: DeviceProtocol): Promise<MakeTransport> {
  if (protocol === 'mqtt' || protocol === 'mqtt-ws') {
    const { MqttTransport } = await import('./device-mqtt-transport.ts');
    return (...parts) => new MqttTransport(...parts);
  }
  const { AmqpTransport } = await import('./device-amqp-transport.ts');
  return (...parts) => new AmqpTransport(...parts);
}

export function isWebSocket(protocol: DeviceProtocol): boolean {
  return protocol.endsWith('-ws');
}
