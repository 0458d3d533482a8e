import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DeviceConnectionString, HubAddress, ServiceHub } from '../../src/config/index.ts';
import {
  type HubServer,
  LOOPBACK_NAMES,
  makeCertificates,
  OWNER_POLICY,
  type ServerCertificates,
  SqliteJournal,
  startHubServer,
} from '../../src/hub/index.ts';
import { openServiceClient, type ServiceClient } from '../../src/sdk/service-client.ts';

/** A real hub on free ports, the real service SDK on its other side; gone when the test is. */
export interface TestHub {
  readonly service: ServiceClient;
  readonly address: () => HubAddress;
  readonly serviceHub: () => ServiceHub;
  /** Registers a device and returns what it signs in with. */
  register(deviceId: string): Promise<DeviceConnectionString>;
  /** A cloud-to-device message. The SDK's service client can be told neither port nor trust (sdk-traps.md, 11). */
  send(deviceId: string, body: string, properties?: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
  /** Again on the same ports. By default with what it kept. */
  start(options?: { forgetful?: boolean }): Promise<void>;
}

let certificates: Promise<ServerCertificates> | undefined;

export async function startTestHub(): Promise<TestHub> {
  certificates ??= makeCertificates(LOOPBACK_NAMES, Date.now());
  const made = await certificates;
  const folder = mkdtempSync(join(tmpdir(), 'tandem-device-'));
  let generation = 0;
  let ports = { https: 0, mqtt: 0, amqp: 0 };
  const start = async (): Promise<HubServer> => {
    const server = await startHubServer({
      journal: new SqliteJournal(join(folder, `hub-${generation}.db`)),
      hostNames: ['localhost'],
      certificates: made,
      addresses: ['127.0.0.1'],
      ports: {
        https: { kind: 'exactly', port: ports.https },
        mqtt: { kind: 'exactly', port: ports.mqtt },
        amqp: { kind: 'exactly', port: ports.amqp },
      },
      onFault: (error) => process.stderr.write(`hub fault: ${String(error)}\n`),
    });
    ports = server.ports;
    return server;
  };
  let server = await start();
  onTestFinished(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ownerKey = (): string => server.hub.authorization.policy(OWNER_POLICY).primaryKey;
  const address = (): HubAddress => ({
    hostName: 'localhost',
    local: true,
    httpsPort: ports.https,
    mqttPort: ports.mqtt,
    amqpPort: ports.amqp,
    ca: made.caCertificate,
  });
  const serviceHub = (): ServiceHub => ({
    connection: { hostName: 'localhost', sharedAccessKeyName: 'iothubowner', sharedAccessKey: ownerKey() },
    address: address(),
    source: 'test',
  });
  const service = await openServiceClient(serviceHub(), { env: {}, signal: new AbortController().signal });
  return {
    service,
    address,
    serviceHub,
    register: async (deviceId) => {
      const identity = await service.createDevice({ deviceId });
      const { primaryKey } = identity.authentication['symmetricKey'] as { primaryKey: string };
      return {
        hostName: 'localhost',
        deviceId,
        authentication: { kind: 'sharedAccessKey', sharedAccessKey: primaryKey },
      };
    },
    send: (deviceId, body, properties = {}) =>
      server.hub.cloudToDevice.send(deviceId, {
        body: Buffer.from(body),
        properties,
        systemProperties: { 'message-id': 'm1', 'correlation-id': 'c1' },
        ack: 'none',
        expiresMs: undefined,
      }),
    stop: () => server.close(),
    start: async ({ forgetful = false } = {}) => {
      if (forgetful) generation += 1;
      server = await start();
    },
  };
}
