/** How clients come to a hub: over the standard ports with a connection string alone, over others by what the SDKs allow. */
import { EventHubConsumerClient } from '@azure/event-hubs';
import { Agent } from 'node:https';
import type { DeviceClientOptions } from 'azure-iot-device';
import azureIotHub, { type Client as ServiceClient, type Registry } from 'azure-iothub';
import WebSocket from 'ws';
import { serviceTransportTo } from '../../support/amqp-service.ts';
import type { HubFacts } from '../../support/hub-process.ts';
import { SdkHub } from '../../support/sdk-hub.ts';
import type { TransportName } from './transports.ts';

/** A device or a module, and what it proves itself with. */
export interface Credentials {
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Default: a certificate. */
  readonly key?: string;
  readonly certificate?: { readonly cert: string; readonly key: string };
}

export interface Reach {
  deviceString(transport: TransportName, credentials: Credentials): string;
  deviceOptions(credentials: Credentials): DeviceClientOptions;
  registry(): Registry;
  /** For messages over AMQP, direct methods over HTTPS; not opened. */
  service(): ServiceClient;
  consumer(): EventHubConsumerClient;
}

/** The process trusts the hub already, as with NODE_EXTRA_CA_CERTS: nobody is told anything. */
export function onStandardPorts(hub: HubFacts): Reach {
  return {
    deviceString: (_transport, credentials) => deviceString('localhost', credentials),
    deviceOptions: ({ certificate }) => ({ ...certificate }),
    registry: () => azureIotHub.Registry.fromConnectionString(hub.connectionString),
    service: () => azureIotHub.Client.fromConnectionString(hub.connectionString),
    consumer: () => new EventHubConsumerClient('$Default', eventHubString('localhost', hub)),
  };
}

export function onFreePorts(hub: HubFacts): Reach {
  const { ca, ports } = hub;
  const sdk = new SdkHub(hub);
  return {
    deviceString(transport, credentials) {
      // WebSocket transports ask for port 443 whatever they are told, and so does HTTPS: only the agent knows better.
      const port = { Mqtt: ports.mqtt, Amqp: ports.amqp, MqttWs: undefined, AmqpWs: undefined, Http: undefined }[
        transport
      ];
      if (port === undefined) return deviceString('localhost', credentials);
      // With a certificate the SDK passes a gateway over.
      if (credentials.certificate !== undefined) return deviceString(`localhost:${port}`, credentials);
      return `${deviceString('localhost', credentials)};GatewayHostName=localhost:${port}`;
    },
    deviceOptions({ certificate }) {
      const ownAgent = new Agent({ port: ports.https, ca, ...certificate });
      return {
        ca,
        ...certificate,
        mqtt: { webSocketAgent: ownAgent },
        amqp: { webSocketAgent: ownAgent },
        http: { agent: ownAgent },
      };
    },
    registry: () => sdk.registry(),
    service: () =>
      sdk.redirect(azureIotHub.Client.fromConnectionString(hub.connectionString, serviceTransportTo(hub, 'Amqp'))),
    consumer: () =>
      new EventHubConsumerClient('$Default', eventHubString(`localhost:${ports.https}`, hub), {
        webSocketOptions: { webSocket: WebSocket, webSocketConstructorOptions: { ca } },
      }),
  };
}

function deviceString(host: string, { deviceId, moduleId, key }: Credentials): string {
  const module = moduleId === undefined ? '' : `;ModuleId=${moduleId}`;
  const proof = key === undefined ? 'x509=true' : `SharedAccessKey=${key}`;
  return `HostName=${host};DeviceId=${deviceId}${module};${proof}`;
}

function eventHubString(host: string, { connectionString }: HubFacts): string {
  return `${connectionString.replace(/HostName=[^;]*/, `Endpoint=sb://${host}/`)};EntityPath=localhost`;
}
