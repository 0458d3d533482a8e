/** azure-iothub behind one door: everything that reaches into its internals stands here and in service-agent.ts. */
import type { Agent } from 'node:https';
import type { JobClient, Registry } from 'azure-iothub';
import { formatServiceConnectionString, type ServiceHub } from '../config/index.ts';
import { serviceAgent } from './service-agent.ts';

/** The SDK's registry on connections of ours, and its REST client for what the registry has no method for. */
export interface ServiceSdk {
  readonly registry: Registry;
  rest(method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE', path: string, options: RestOptions): Promise<unknown>;
  invokeMethod(target: { deviceId: string; moduleId?: string | undefined }, params: MethodParams): Promise<unknown>;
  /** The SDK's client of jobs, on the same connections. */
  jobClient(): Promise<JobClient>;
  close(): void;
}

export interface RestOptions {
  readonly body?: object;
  readonly etag?: string;
}

export interface MethodParams {
  readonly methodName: string;
  readonly payload: unknown;
  readonly responseTimeoutInSeconds: number;
  readonly connectTimeoutInSeconds: number;
}

/**
 * The SDK for one hub. Its parts are loaded one by one: the whole package costs 110 ms, these 33 ms (Node 20, 2 cores).
 * Named imports of it crash in plain Node, so the default import is taken apart (sdk-traps.md, 1).
 */
export async function openServiceSdk(hub: ServiceHub, env: NodeJS.ProcessEnv): Promise<ServiceSdk> {
  const { default: registryModule } = await import('azure-iothub/dist/registry.js');
  const { default: versionModule } = await import('azure-iothub/dist/version.js');
  const agent = await serviceAgent(hub, env);
  const registry = registryModule.Registry.fromConnectionString(formatServiceConnectionString(hub.connection));
  const client = restClientOf(registry);
  client.setOptions({ http: { agent } });
  return {
    registry,
    rest: (method, path, options) =>
      new Promise((resolve, reject) => {
        const headers: Record<string, string> = { 'Content-Type': 'application/json; charset=utf-8' };
        if (options.etag !== undefined) headers['If-Match'] = quoted(options.etag);
        const url = path + versionModule.versionQueryString();
        client.executeApiCall(method, url, headers, options.body, (error: Error | null, result: unknown) =>
          error ? reject(error) : resolve(result),
        );
      }),
    invokeMethod: async ({ deviceId, moduleId }, params) => {
      const { default: methodModule } = await import('azure-iothub/dist/device_method.js');
      const method = new methodModule.DeviceMethod({ ...params }, client);
      // The answer comes as the SDK's "device": it is `{status, payload}`. Straight from here there are no retries in between (trap 8).
      const answer = await (moduleId === undefined
        ? method.invokeOn(deviceId)
        : method.invokeOnModule(deviceId, moduleId));
      const result: unknown = answer.device;
      return result;
    },
    jobClient: async () => {
      const { default: jobModule } = await import('azure-iothub/dist/job_client.js');
      const jobs = new jobModule.JobClient(client);
      client.setOptions({ http: { agent } }); // its constructor puts an agent of its own there
      return jobs;
    },
    close: () => agent.destroy(),
  };
}

type RestClient = import('azure-iothub/dist/common-http/rest_api_client.js').RestApiClient & {
  setOptions(options: { http: { agent: Agent } }): void;
};

/** The SDK keeps its REST client private, and there is no other way to tell it a port (sdk-traps.md, 9). */
function restClientOf(registry: Registry): RestClient {
  const client: unknown = Reflect.get(registry, '_restApiClient');
  if (!isRestClient(client)) throw new Error('this version of azure-iothub keeps its REST client elsewhere');
  return client;
}

function isRestClient(value: unknown): value is RestClient {
  return typeof value === 'object' && value !== null && 'executeApiCall' in value && 'setOptions' in value;
}

function quoted(etag: string): string {
  return etag === '*' || etag.startsWith('"') ? etag : `"${etag}"`;
}
