/** The device SDK behind one face: sim-device connects through here and nowhere else. */
import { createSecureContext, type SecureContext } from 'node:tls';
import deviceSdk from 'azure-iot-device';
import type { DeviceConnectionString, HubAddress } from '../config/index.ts';
import { ProgramError, wrongCall } from '../terminal/program-error.ts';
import { connectError } from './device-connect-error.ts';
import { authenticationOf, type DeviceCertificate, renewAfterMs } from './device-credentials.ts';
import type { DeviceLink, LinkListener } from './device-link.ts';
import { proxyAgent } from './https-proxy.ts';
import { SdkLink } from './device-sdk-link.ts';
import { type DeviceProtocol, isWebSocket, transportFor, type TransportSettings } from './device-transport.ts';
import { TlsSessions } from './tls-sessions.ts';

export interface DeviceEndpoint {
  readonly connection: DeviceConnectionString;
  readonly address: HubAddress;
}

export interface ConnectorSettings {
  readonly protocol: DeviceProtocol;
  readonly certificate?: DeviceCertificate | undefined;
  readonly modelId?: string | undefined;
  /** For a connect, and for each request that the SDK would wait on for ever (sdk-traps.md, 14). Default 30 s. */
  readonly timeoutMs?: number | undefined;
}

/** Makes links; holds what all devices of a process share. */
export interface DeviceConnector {
  readonly protocol: string;
  /**
   * Opens one connection with a client of its own and subscribes to everything a hub sends to a device.
   *
   * @throws ProgramError `refused` (credentials), `noHub` (cannot be reached), `timedOut`, `wrongCall` (settings that do not fit)
   */
  connect(endpoint: DeviceEndpoint, listener: LinkListener): Promise<DeviceLink>;
}

const TIMEOUT_MS = 30_000;

/** One for a process, however many devices. */
export function createConnector(settings: ConnectorSettings): DeviceConnector {
  const secureContextFor = secureContexts(settings.certificate);
  const sessions = settings.certificate === undefined ? new TlsSessions() : undefined;
  let userAgent: Promise<string> | undefined;
  return {
    protocol: settings.protocol,
    connect: async (endpoint, listener) => {
      userAgent ??= deviceSdk.getUserAgentString();
      const secureContext = secureContextFor(endpoint.address.ca);
      return connectLink(endpoint, { ...settings, secureContext, sessions, userAgent: await userAgent }, listener);
    },
  };
}

/** Parsing certificates for every connection costs more than the handshake itself: one context for each set of roots. */
function secureContexts(certificate: DeviceCertificate | undefined): (ca: string | undefined) => SecureContext {
  const made = new Map<string | undefined, SecureContext>();
  return (ca) => {
    const context = made.get(ca) ?? createSecureContext({ ...(ca !== undefined && { ca }), ...certificate });
    made.set(ca, context);
    return context;
  };
}

async function connectLink(
  { connection, address }: DeviceEndpoint,
  settings: ConnectorSettings & Pick<TransportSettings, 'secureContext' | 'sessions' | 'userAgent'>,
  listener: LinkListener,
): Promise<DeviceLink> {
  const { hostName, deviceId, moduleId } = connection;
  if (moduleId !== undefined)
    throw wrongCall(`"${deviceId}/${moduleId}" is a module`, 'use a device connection string');
  const { protocol, certificate, modelId, secureContext, sessions, userAgent, timeoutMs = TIMEOUT_MS } = settings;
  const host = hostOf(connection, address);
  const port = isWebSocket(protocol) ? address.httpsPort : protocol === 'mqtt' ? address.mqttPort : address.amqpPort;
  const agent = isWebSocket(protocol) ? await proxyAgent(host, process.env) : undefined;
  const makeTransport = await transportFor(protocol);
  const transport = makeTransport(
    authenticationOf(connection, certificate),
    { protocol, host, port, secureContext, sessions, agent, modelId, userAgent, connectTimeoutMs: timeoutMs },
    (call) => listener.method({ ...call, answer: (status, payload) => link.answer(call.requestId, status, payload) }),
  );
  const link = new SdkLink(transport, listener, { timeoutMs, renewAfterMs: renewAfterMs(connection) });
  try {
    await link.open();
    return link;
  } catch (error) {
    link.drop();
    const evidence = transport.evidenceOf(error);
    if (error instanceof ProgramError && evidence.error === undefined) throw error;
    throw connectError(error, evidence, { host, port, hostName, deviceId });
  }
}

/** The local hub listens on loopback, whatever it is called; `localhost` would be looked up, and tried at two addresses, for every device. */
function hostOf({ hostName, gatewayHostName }: DeviceConnectionString, { local }: HubAddress): string {
  if (local) return '127.0.0.1';
  if (gatewayHostName !== undefined) return gatewayHostName.replace(/:\d+$/, '');
  return hostName;
}
