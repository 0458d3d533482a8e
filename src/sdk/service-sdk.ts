/** azure-iothub behind one door: everything that reaches into its internals stands here and in service-agent.ts. */
import type { ClientRequest } from 'node:http';
import type { JobClient, Registry } from 'azure-iothub';
import tokenModule from 'azure-iothub/dist/common-core/shared_access_signature.js';
import httpModule from 'azure-iothub/dist/common-http/http.js';
import restModule from 'azure-iothub/dist/common-http/rest_api_client.js';
import versionModule from 'azure-iothub/dist/version.js';
import type { ServiceHub } from '../config/index.ts';
import { serviceAgent } from './service-agent.ts';
import { isObject, type JsonObject } from './service-documents.ts';

/** The SDK's registry on connections of ours, and its REST client for what the registry has no method for. */
export interface ServiceSdk {
  /** Loaded when it is asked for: it brings lodash with it. */
  registry(): Promise<Registry>;
  rest(method: Verb, path: string, options: RestOptions): Promise<unknown>;
  /** One page of a query; the Query of the SDK would bring the registry with it. */
  queryPage(text: string, options: PageOptions): Promise<{ result: unknown; continuation: unknown }>;
  invokeMethod(target: { deviceId: string; moduleId?: string | undefined }, params: MethodParams): Promise<unknown>;
  /** The SDK's client of jobs, on the same connections. */
  jobClient(): Promise<JobClient>;
  close(): void;
}

export interface RestOptions {
  readonly body?: object;
  readonly etag?: string;
}

export interface PageOptions {
  readonly pageSize?: number;
  readonly continuation?: string;
}

export interface MethodParams {
  readonly methodName: string;
  readonly payload: unknown;
  readonly responseTimeoutInSeconds: number;
  readonly connectTimeoutInSeconds: number;
}

/**
 * The SDK for one hub, of which only the REST client comes with this file: the whole package costs 110 ms, its registry 25,
 * the REST client 8 (Node 20, 2 cores). Named imports crash in plain Node, so the default ones are taken apart
 * (sdk-traps.md, 1).
 */
export async function openServiceSdk(hub: ServiceHub, env: NodeJS.ProcessEnv): Promise<ServiceSdk> {
  const agent = await serviceAgent(hub, env);
  const { hostName, sharedAccessKeyName, sharedAccessKey } = hub.connection;
  const { SharedAccessSignature } = tokenModule;
  const config = {
    host: hostName,
    // The client makes it last an hour from each call on.
    sharedAccessSignature: SharedAccessSignature.create(hostName, sharedAccessKeyName, sharedAccessKey, Date.now()),
  };
  const client = new restModule.RestApiClient(config, 'azure-iothub', new TextHttp());
  /** The SDK's own clients put an agent of theirs into the REST client when they are made; it does not know the port. */
  const useAgent = <Any>(made: Any): Any => {
    client.setOptions({ http: { agent } });
    return made;
  };
  useAgent(undefined);
  const call = (method: Verb, path: string, headers: Record<string, unknown>, body?: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const url = path + versionModule.versionQueryString();
      const all = { 'Content-Type': 'application/json; charset=utf-8', ...headers };
      client.executeApiCall(method, url, all, body, (error: Error | null, result: unknown, response: unknown) =>
        error ? reject(error) : resolve({ result, headers: headersOf(response) }),
      );
    });
  let registry: Promise<Registry> | undefined;
  const openRegistry = async (): Promise<Registry> => {
    const { default: registryModule } = await import('azure-iothub/dist/registry.js');
    return useAgent(new registryModule.Registry(config, client));
  };
  return {
    registry: () => (registry ??= openRegistry()),
    rest: async (method, path, { body, etag }) =>
      (await call(method, path, etag === undefined ? {} : { 'If-Match': quoted(etag) }, body)).result,
    queryPage: async (query, { pageSize, continuation }) => {
      const { result, headers } = await call(
        'POST',
        '/devices/query',
        {
          ...(pageSize === undefined ? {} : { 'x-ms-max-item-count': pageSize }),
          ...(continuation === undefined ? {} : { 'x-ms-continuation': continuation }),
        },
        { query },
      );
      return { result, continuation: headers['x-ms-continuation'] };
    },
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
      return useAgent(new jobModule.JobClient(client));
    },
    close: () => agent.destroy(),
  };
}

/** The SDK makes a text of each chunk by itself: a character that lies across two of them would be lost. */
class TextHttp extends httpModule.Http {
  override buildRequest(...request: Parameters<InstanceType<typeof httpModule.Http>['buildRequest']>): ClientRequest {
    return super.buildRequest(...request).prependListener('response', (response) => response.setEncoding('utf8'));
  }
}

type Verb = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

interface Answer {
  readonly result: unknown;
  readonly headers: JsonObject;
}

function headersOf(response: unknown): JsonObject {
  const headers: unknown =
    typeof response === 'object' && response !== null ? Reflect.get(response, 'headers') : undefined;
  return isObject(headers) ? headers : {};
}

function quoted(etag: string): string {
  return etag === '*' || etag.startsWith('"') ? etag : `"${etag}"`;
}
