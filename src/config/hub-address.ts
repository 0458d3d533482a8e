import type { DeviceConnectionString } from './device-connection-string.ts';
import type { Discovery } from './discovery.ts';
import type { ServiceConnectionString } from './service-connection-string.ts';

/** How to reach a hub: what a connection string means in sockets. */
export interface HubAddress {
  /** The name the hub goes by: in tokens, in the Host header, in its certificate. */
  readonly hostName: string;
  /** The hub of this user's `TANDEM_HOME`. */
  readonly local: boolean;
  readonly httpsPort: number;
  readonly mqttPort: number;
  readonly amqpPort: number;
  /** PEM of its certificate authority, where that is not publicly trusted. */
  readonly ca?: string;
}

/** Azure's own ports. */
const STANDARD_PORTS = { httpsPort: 443, mqttPort: 8883, amqpPort: 5671 } as const;

/** The address of the local hub itself. */
export function localAddress(discovery: Discovery): HubAddress {
  const { hostName, httpsPort, mqttPort, amqpPort, ca } = discovery;
  return { hostName, local: true, httpsPort, mqttPort, amqpPort, ca };
}

/** The local hub's ports for a string with its host and its key, or with its HTTPS port as gateway; Azure's ports otherwise. */
export function serviceAddress(connection: ServiceConnectionString, running: Discovery | undefined): HubAddress {
  const gatewayPort = portOf(connection.gatewayHostName);
  if (running !== undefined && isHostOf(running, connection.hostName)) {
    const matches =
      gatewayPort === undefined ? connection.sharedAccessKey === running.ownerKey : gatewayPort === running.httpsPort;
    if (matches) return { ...localAddress(running), hostName: connection.hostName };
  }
  return {
    hostName: connection.hostName,
    local: false,
    ...STANDARD_PORTS,
    ...(gatewayPort === undefined ? {} : { httpsPort: gatewayPort }),
  };
}

/** As above; a device's key is known to nobody here, so the host decides, and the gateway's port where there is one. */
export function deviceAddress(connection: DeviceConnectionString, running: Discovery | undefined): HubAddress {
  const gatewayPort = portOf(connection.gatewayHostName);
  if (running !== undefined && isHostOf(running, connection.hostName)) {
    if (gatewayPort === undefined || gatewayPort === running.mqttPort) {
      return { ...localAddress(running), hostName: connection.hostName };
    }
  }
  return {
    hostName: connection.hostName,
    local: false,
    ...STANDARD_PORTS,
    ...(gatewayPort === undefined ? {} : { mqttPort: gatewayPort }),
  };
}

function isHostOf(running: Discovery, hostName: string): boolean {
  const wanted = hostName.toLowerCase();
  return [running.hostName, ...running.hostNames].some((name) => name.toLowerCase() === wanted);
}

function portOf(gatewayHostName: string | undefined): number | undefined {
  const port = /:(\d+)$/.exec(gatewayHostName ?? '')?.[1];
  return port === undefined ? undefined : Number(port);
}
