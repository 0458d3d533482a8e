import { Agent } from 'node:https';
import azureIotHub, { type Client, type DigitalTwinClient, type JobClient, type Registry } from 'azure-iothub';
import type { HubFacts } from './hub-process.ts';

/** The clients of `azure-iothub`, led to the ports of a hub. */
export class SdkHub implements HubFacts {
  readonly ca: string;
  /** The owner's connection string. */
  readonly connectionString: string;
  readonly ports: HubFacts['ports'];
  readonly #agent: Agent;

  constructor({ ca, connectionString, ports }: HubFacts) {
    this.ca = ca;
    this.connectionString = connectionString;
    this.ports = ports;
    this.#agent = new Agent({ keepAlive: true, port: ports.https, ca });
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

  /** Leads a client of `azure-iothub` to this hub's port: those over REST ignore one in HostName. */
  redirect<Client extends object>(client: Client): Client {
    const rest = (client as { _restApiClient: { setOptions(options: object): void } })._restApiClient;
    rest.setOptions({ http: { agent: this.#agent } });
    return client;
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }
}
