import type { ServiceHub } from '../config/index.ts';
import { ProgramError } from '../terminal/index.ts';
import { AmqpClient, AmqpRefusal } from './amqp-client.ts';
import type { AmqpClientOptions } from './amqp-connection-options.ts';
import { explainUnreachable, fromAmqpRefusal } from './amqp-errors.ts';
import type { AmqpProtocol } from './cloud-to-device-sdk.ts';
import { proxyAgent } from './https-proxy.ts';
import { serviceToken } from './service-token.ts';

/** The Event Hubs-compatible endpoint of a hub. */
export interface EventEndpoint {
  /** `sb://…`, as tokens speak of it. */
  readonly audience: string;
  readonly entity: string;
  readonly client: AmqpClientOptions;
}

export interface RouteOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly protocol: AmqpProtocol;
}

/** Two connections have to come about, one after the other, and a failure has to be explained: ten seconds in all. */
const STEP_TIMEOUT_MS = 3500;
const PROBE_TIMEOUT_MS = 1500;
const TOKEN_LIFETIME_MS = 3_600_000;
const WEB_SOCKET_PATHS = { iotHub: '/$iothub/websocket', eventHub: '/$servicebus/websocket' } as const;

/** AMQP on its own port unless there is a proxy to go through. */
export async function chooseProtocol(hub: ServiceHub, env: NodeJS.ProcessEnv): Promise<AmqpProtocol> {
  const { local, hostName } = hub.address;
  return (await proxyAgent(local ? '127.0.0.1' : hostName, env)) === undefined ? 'amqp' : 'amqp-ws';
}

/**
 * Asks the hub where its events are read: a receiver at the hub's own address is sent on to the right one.
 *
 * @throws ProgramError `noHub` with host and port, `refused`
 * @see service-protocol.md, 12.6
 */
export async function findEventEndpoint(hub: ServiceHub, options: RouteOptions): Promise<EventEndpoint> {
  const { hostName } = hub.address;
  const { sharedAccessKeyName } = hub.connection;
  const [hubName = hostName] = hostName.split('.');
  const resource = `${hostName}/messages/events`;
  const login = {
    username: `${sharedAccessKeyName}@sas.root.${hubName}`,
    password: serviceToken(hub.connection, { resource, lifetimeMs: TOKEN_LIFETIME_MS }),
  };
  const route = await routeTo(hub, { ...options, hostName, path: WEB_SOCKET_PATHS.iotHub });
  const redirect = await explained(hub, route, async () => {
    const client = await AmqpClient.open({ ...route, login });
    try {
      const { ended } = await client.receive(`amqps://${resource}/$management`, { onMessage: () => undefined });
      await ended;
    } catch (error) {
      if (error instanceof AmqpRefusal && error.condition === 'amqp:link:redirect') return error.info;
      throw error;
    } finally {
      client.close();
    }
    throw new Error('the hub does not say where its events are read');
  });
  return endpointOf(hub, redirect, options);
}

/** Runs a step of connecting; a failure of it says which host and port did not let us in, and why. */
export async function explained<T>(hub: ServiceHub, route: AmqpClientOptions, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    route.signal.throwIfAborted();
    if (error instanceof ProgramError) throw error;
    const refusal = fromAmqpRefusal(error, { hub, doing: 'read the events of the hub' });
    if (refusal !== undefined) throw refusal;
    const { host, port, hostName, signal } = route;
    const dialled = { ...hub, address: { ...hub.address, hostName } };
    throw await explainUnreachable(error, dialled, { host, port, timeoutMs: PROBE_TIMEOUT_MS, signal });
  }
}

async function endpointOf(
  hub: ServiceHub,
  redirect: Readonly<Record<string, unknown>>,
  options: RouteOptions,
): Promise<EventEndpoint> {
  const { hostname, address } = redirect;
  const entity = /^amqps:\/\/[^/]+\/(.+?)(?:\/\$management)?$/i.exec(String(address))?.[1];
  const [, hostName] = /^(.+?)(?::\d+)?$/.exec(String(hostname)) ?? [];
  if (entity === undefined || hostName === undefined) {
    throw new Error(`the hub sends readers of its events to an address that is none: ${String(address)}`);
  }
  const client = await routeTo(hub, { ...options, hostName, path: WEB_SOCKET_PATHS.eventHub });
  return { audience: `sb://${hostName}/${entity}`, entity, client };
}

/** The hub's own host keeps the hub's own ports and authority; another one has Azure's. */
async function routeTo(
  { address }: ServiceHub,
  { hostName, path, protocol, env, signal }: RouteOptions & { hostName: string; path: string },
): Promise<AmqpClientOptions> {
  const own = hostName === address.hostName;
  const host = own && address.local ? '127.0.0.1' : hostName;
  const ports = own ? { tls: address.amqpPort, webSocket: address.httpsPort } : { tls: 5671, webSocket: 443 };
  const ca = own && address.ca !== undefined ? { ca: address.ca } : {};
  const common = { host, hostName, ...ca, timeoutMs: STEP_TIMEOUT_MS, signal };
  if (protocol === 'amqp') return { ...common, port: ports.tls };
  return { ...common, port: ports.webSocket, webSocket: { path, agent: await proxyAgent(host, env) } };
}
