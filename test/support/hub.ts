import { createHmac } from 'node:crypto';
import {
  LOOPBACK_NAMES,
  makeCertificates,
  MemoryJournal,
  startHubServer,
  type HubServer,
  type HubServerOptions,
} from '../../src/hub/index.ts';
import { SdkHub } from './sdk-hub.ts';

/** A hub on free ports in this process, with what real clients need to reach it. */
export interface TestHub extends SdkHub, AsyncDisposable {
  readonly server: HubServer;
  /** Registers a device and returns its connection string, gateway included. */
  createDevice(deviceId: string): Promise<TestDevice>;
  policyKey(name: string): string;
}

export interface TestDevice {
  readonly deviceId: string;
  readonly connectionString: string;
  readonly key: string;
}

const certificates = makeCertificates([...LOOPBACK_NAMES], Date.now());

/** Starts a hub in memory on free ports; faults of the hub fail the test run. */
export async function startHub(options: Partial<HubServerOptions> = {}): Promise<TestHub> {
  const server = await startHubServer({
    journal: new MemoryJournal(),
    hostNames: [...LOOPBACK_NAMES],
    certificates: await certificates,
    addresses: ['127.0.0.1'],
    ports: {
      https: { kind: 'exactly', port: 0 },
      mqtt: { kind: 'exactly', port: 0 },
      amqp: { kind: 'exactly', port: 0 },
    },
    onFault: (error) => {
      throw error;
    },
    ...options,
  });
  return new RunningTestHub(server);
}

class RunningTestHub extends SdkHub implements TestHub {
  readonly server: HubServer;

  constructor(server: HubServer) {
    const key = server.hub.authorization.policy('iothubowner').primaryKey;
    const connectionString = `HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=${key}`;
    super({ ca: server.caCertificate, connectionString, ports: server.ports });
    this.server = server;
  }

  policyKey(name: string): string {
    return this.server.hub.authorization.policy(name).primaryKey;
  }

  async createDevice(deviceId: string): Promise<TestDevice> {
    const { responseBody } = await this.registry().create({ deviceId });
    const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    const gateway = `localhost:${this.ports.mqtt}`;
    return {
      deviceId,
      key,
      connectionString: `HostName=localhost;DeviceId=${deviceId};SharedAccessKey=${key};GatewayHostName=${gateway}`,
    };
  }

  override async close(): Promise<void> {
    await super.close();
    await this.server.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A token made by hand, for what the SDKs would not make. */
export function sasToken(options: {
  resource: string;
  key: string;
  expirySeconds: number;
  policyName?: string;
}): string {
  const { resource, key, expirySeconds, policyName } = options;
  const sr = encodeURIComponent(resource);
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${expirySeconds}`).digest('base64');
  const skn = policyName === undefined ? '' : `&skn=${policyName}`;
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(signature)}&se=${expirySeconds}${skn}`;
}
