import { createHmac } from 'node:crypto';
import { Agent } from 'node:https';
import azureIotHub, { type Client, type DigitalTwinClient, type JobClient, type Registry } from 'azure-iothub';
import {
  LOOPBACK_NAMES,
  makeCertificates,
  MemoryJournal,
  startHubServer,
  type HubServer,
  type HubServerOptions,
} from '../../src/hub/index.ts';

/** A hub on free ports in this process, with what real clients need to reach it. */
export interface TestHub extends AsyncDisposable {
  readonly server: HubServer;
  readonly ca: string;
  /** The owner's connection string. */
  readonly connectionString: string;
  /** Registers a device and returns its connection string, gateway included. */
  createDevice(deviceId: string): Promise<TestDevice>;
  policyKey(name: string): string;
  registry(): Registry;
  serviceClient(): Client;
  jobClient(): JobClient;
  /** Leads a client of `azure-iothub` to this hub's port. */
  redirect<Client extends object>(client: Client): Client;
  digitalTwinClient(): DigitalTwinClient;
  close(): Promise<void>;
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

class RunningTestHub implements TestHub {
  readonly server: HubServer;
  readonly ca: string;
  readonly connectionString: string;
  readonly #agent: Agent;

  constructor(server: HubServer) {
    this.server = server;
    this.ca = server.caCertificate;
    this.#agent = new Agent({ keepAlive: true, port: server.ports.https, ca: this.ca });
    this.connectionString = `HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=${this.policyKey('iothubowner')}`;
  }

  policyKey(name: string): string {
    return this.server.hub.authorization.policy(name).primaryKey;
  }

  async createDevice(deviceId: string): Promise<TestDevice> {
    const { responseBody } = await this.registry().create({ deviceId });
    const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    const gateway = `localhost:${this.server.ports.mqtt}`;
    return {
      deviceId,
      key,
      connectionString: `HostName=localhost;DeviceId=${deviceId};SharedAccessKey=${key};GatewayHostName=${gateway}`,
    };
  }

  registry(): Registry {
    return this.redirect(azureIotHub.Registry.fromConnectionString(this.connectionString));
  }

  serviceClient(): Client {
    return this.redirect(azureIotHub.Client.fromConnectionString(this.connectionString));
  }

  jobClient(): JobClient {
    return this.redirect(azureIotHub.JobClient.fromConnectionString(this.connectionString));
  }

  digitalTwinClient(): DigitalTwinClient {
    const credentials = new azureIotHub.IoTHubTokenCredentials(this.connectionString);
    const client = new azureIotHub.DigitalTwinClient(credentials);
    const agentSettings = { http: this.#agent, https: this.#agent };
    const policies = (client as unknown as { _pl: { _requestPolicyFactories: object[] } })._pl._requestPolicyFactories;
    policies.push({
      create: (next: { sendRequest(request: object): unknown }) => ({
        sendRequest: (request: object) => next.sendRequest(Object.assign(request, { agentSettings })),
      }),
    });
    return client;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.server.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The REST clients of the SDK ignore a port in HostName. */
  redirect<Client extends object>(client: Client): Client {
    const rest = (client as { _restApiClient: { setOptions(options: object): void } })._restApiClient;
    rest.setOptions({ http: { agent: this.#agent } });
    return client;
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
