import { Agent } from 'node:https';
import { wrongCall } from '../terminal/index.ts';

interface RestClient {
  setOptions(options: { http: { agent: Agent } }): void;
}

/**
 * Sends what a client of azure-iothub calls over HTTPS to a port of this machine. The agent's port overrides the request's; the
 * SDK has no option for it (service-protocol.md, 15.2).
 *
 * @throws ProgramError `wrongCall` when it is no such client
 */
export function aimServiceSdk<SdkClient extends object>(
  client: SdkClient,
  { httpsPort, ca }: { httpsPort: number; ca: string },
): SdkClient {
  const rest: unknown = Reflect.get(client, '_restApiClient');
  if (!isRestClient(rest))
    throw wrongCall('only a Registry, Client or JobClient of azure-iothub can be aimed at a hub');
  // Idle connections must not keep a finished test run alive, nor may they outlive a hub whose port another one takes.
  rest.setOptions({ http: { agent: new Agent({ port: httpsPort, ca, keepAlive: false }) } });
  return client;
}

function isRestClient(value: unknown): value is RestClient {
  return typeof value === 'object' && value !== null && 'setOptions' in value;
}
