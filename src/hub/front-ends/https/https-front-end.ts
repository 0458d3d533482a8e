import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import findMyWay from 'find-my-way';
import type { Hub } from '../../hub.ts';
import { HubError } from '../../model/hub-error.ts';
import { describeTarget, type Target } from '../../model/identifiers.ts';
import { OWNER_POLICY } from '../../model/shared-access-policy.ts';
import type { AuthenticatedDevice, DeviceCredential } from '../../operations/authorization.ts';
import { clientCertificateOf } from '../client-certificate.ts';
import { closeServer, listenOnAll, type FrontEnd, type PortWish } from '../listen.ts';
import { readBody, readJsonBody } from './request-body.ts';
import { sendAnswer, sendError } from './response.ts';
import type { AnyRoute, BytesRoute, HttpAnswer, Route } from './route.ts';
import { ABSENT_ROUTES } from './routes/absent.ts';
import { CERTIFICATE_ROUTES } from './routes/certificates.ts';
import { CONFIGURATION_ROUTES } from './routes/configurations.ts';
import { CONTROL_ROUTES, type HubControl } from './routes/control.ts';
import { DEVICE_ROUTES } from './routes/devices.ts';
import { DEVICE_API_ROUTES } from './routes/device-messages.ts';
import { FEEDBACK_ROUTES } from './routes/feedback.ts';
import { DIGITAL_TWIN_ROUTES } from './routes/digital-twins.ts';
import { HEALTH_ROUTES } from './routes/health.ts';
import { MESSAGE_ROUTES, PURGE_ROUTES } from './routes/messages.ts';
import { JOB_ROUTES } from './routes/jobs.ts';
import { METHOD_ROUTES } from './routes/methods.ts';
import { MODULE_ROUTES } from './routes/modules.ts';
import { QUERY_ROUTES } from './routes/query.ts';
import { TWIN_ROUTES } from './routes/twins.ts';
import { operationClassOf, operationCost } from './throttled-routes.ts';
import { acceptWebSockets, type WebSocketProtocols } from './websocket.ts';

export interface HttpsFrontEndOptions {
  readonly hub: Hub;
  readonly tls: ServerOptions;
  readonly addresses: readonly string[];
  readonly port: PortWish;
  readonly control: HubControl;
  /** What runs over WebSocket on this port, by subprotocol. */
  readonly webSockets: WebSocketProtocols;
  /** Told of what is a fault of ours and not of the caller. */
  readonly onFault: (error: unknown) => void;
}

/** All operations of the service API. */
export const SERVICE_ROUTES: readonly AnyRoute[] = [
  ...HEALTH_ROUTES,
  ...DEVICE_ROUTES,
  ...MODULE_ROUTES,
  ...TWIN_ROUTES,
  ...METHOD_ROUTES,
  ...QUERY_ROUTES,
  ...JOB_ROUTES,
  ...CONFIGURATION_ROUTES,
  ...DIGITAL_TWIN_ROUTES,
  ...MESSAGE_ROUTES,
  ...PURGE_ROUTES,
  ...FEEDBACK_ROUTES,
];

/** Everything that the port answers: the router knows no other door. */
export function routesOf(control: HubControl): readonly AnyRoute[] {
  return [...SERVICE_ROUTES, ...DEVICE_API_ROUTES, ...ABSENT_ROUTES, ...CERTIFICATE_ROUTES, ...CONTROL_ROUTES(control)];
}

// Longer than any client keeps an idle connection, so that the hub never closes one that a request is just arriving on.
const KEEP_ALIVE_MS = 65_000;

/** The service API of IoT Hub over HTTPS, and the port that WebSockets come in by. */
export async function listenHttps(options: HttpsFrontEndOptions): Promise<FrontEnd> {
  const dispatch = newDispatcher(options);
  const { port, servers } = await listenOnAll(() => newServer(options, dispatch), options.addresses, options.port);
  return {
    port,
    close: async () => {
      const closed = Promise.all(servers.map(closeServer));
      for (const server of servers) server.closeIdleConnections();
      const linger = setTimeout(() => {
        for (const server of servers) server.closeAllConnections();
      }, CLOSE_GRACE_MS);
      await closed;
      clearTimeout(linger);
    },
  };
}

/** How long answers on their way may take when the hub stops. */
const CLOSE_GRACE_MS = 300;

type Dispatch = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function newServer(options: HttpsFrontEndOptions, dispatch: Dispatch): Server {
  const server = createServer({ ...options.tls, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('request', (request, response) => {
    void dispatch(request, response); // settles every failure itself
  });
  acceptWebSockets(server, options.webSockets);
  return server;
}

function newDispatcher(options: HttpsFrontEndOptions): Dispatch {
  const router = newRouter(routesOf(options.control));
  return async (request, response) => {
    const requestId = randomUUID();
    let dialect: 'A' | 'B' = 'A';
    const { clock } = options.hub;
    // Node dates answers in real time.
    if (clock.aheadMs > 0) response.setHeader('date', new Date(clock.now()).toUTCString());
    try {
      const found = findRoute(router, request);
      dialect = found.route.dialect ?? 'A';
      const answer = await answerRequest(options.hub, found, request);
      sendAnswer(response, requestId, answer);
    } catch (error) {
      if (!(error instanceof HubError)) options.onFault(error);
      sendError(response, { requestId, error, dialect, nowMs: options.hub.now() });
    }
  };
}

interface FoundRoute {
  readonly route: AnyRoute;
  readonly url: URL;
  readonly params: Readonly<Record<string, string | undefined>>;
}

/** The hub's own order: credentials, api-version, body, operation. */
async function answerRequest(
  hub: Hub,
  { route, url, params }: FoundRoute,
  request: IncomingMessage,
): Promise<HttpAnswer> {
  const operation = operationClassOf(route);
  const call = { params, query: url.searchParams, headers: request.headers, rawHeaders: request.rawHeaders };
  if (route.permissions === 'device') {
    const device = authenticate(hub, { deviceId: params['deviceId'] ?? '' }, request);
    checkApiVersion(url);
    if (operation !== undefined) await hub.throttles.admit(operation);
    return route.run(hub, { ...call, device, body: await readBody(request, route.maxBytes) });
  }
  if (route.permissions !== 'open') {
    authorize(hub, route, url, request);
    if (route.permissions !== 'owner') checkApiVersion(url);
  }
  if ('maxBytes' in route) return route.run(hub, { ...call, body: await readBody(request, route.maxBytes) });
  const body = await readJsonBody(request);
  if (operation !== undefined) await hub.throttles.admit(operation, operationCost(operation, body));
  return route.run(hub, { ...call, body });
}

/**
 * A device that is not registered or is disabled gets 404, as was seen of the hub over HTTPS. @see device-protocol.md, 9
 */
function authenticate(hub: Hub, target: Target, request: IncomingMessage): AuthenticatedDevice {
  if (!hub.registry.hasDevice(target.deviceId))
    throw new HubError('DeviceNotFound', `${describeTarget(target)} is not registered`);
  try {
    return hub.authorization.authenticateDevice(target, credentialOf(request));
  } catch (error) {
    if (error instanceof HubError && error.code === 'DeviceDisabled')
      throw new HubError('DeviceNotFound', error.message);
    throw error;
  }
}

function credentialOf(request: IncomingMessage): DeviceCredential {
  const token = request.headers.authorization;
  if (token !== undefined) return { kind: 'token', token };
  const certificate = request.socket instanceof TLSSocket ? clientCertificateOf(request.socket) : undefined;
  if (certificate !== undefined) return { kind: 'certificate', certificate };
  throw new HubError('IotHubUnauthorized', 'the Authorization header is missing');
}

function authorize(hub: Hub, route: Route | BytesRoute, url: URL, request: IncomingMessage): void {
  const path = url.pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeURIComponent);
  const anyOf = typeof route.permissions === 'string' ? (['RegistryWrite'] as const) : route.permissions;
  const service = hub.authorization.authorizeService(request.headers.authorization, anyOf, path);
  if (route.permissions === 'owner' && service.policyName !== OWNER_POLICY) {
    throw new HubError('IotHubUnauthorized', `only the policy '${OWNER_POLICY}' may do this`);
  }
}

/** Every version that looks like one is served as the newest. @see service-protocol.md, 1 */
function checkApiVersion(url: URL): void {
  const version = url.searchParams.get('api-version');
  if (version === null || !/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(version)) {
    throw new HubError(
      'InvalidProtocolVersion',
      version === null ? 'api-version is missing' : `api-version '${version}' is not known`,
    );
  }
}

/** An id of 128 characters, each percent-encoded. */
const MAX_PARAM_CHARS = 3 * 128;

type Router = findMyWay.Instance<findMyWay.HTTPVersion.V1>;

function newRouter(routes: readonly AnyRoute[]): Router {
  const router = findMyWay({ caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_CHARS });
  for (const route of routes) router.on(route.method, route.path, unused, route);
  return router;
}

/** The router only finds: what is found is run by {@link answerRequest}. */
function unused(): void {
  throw new Error('routes are run by the dispatcher');
}

function findRoute(router: Router, request: IncomingMessage): FoundRoute {
  const method = request.method ?? '';
  const url = parseUrl(request.url ?? '/');
  const found = router.find(method as findMyWay.HTTPMethod, url.pathname);
  if (found === null) throw new HubError('NotFound', `${method} ${url.pathname} is not an operation of this hub`);
  return { route: found.store as AnyRoute, url, params: found.params };
}

function parseUrl(text: string): URL {
  try {
    const url = new URL(text, 'https://hub.invalid');
    decodeURIComponent(url.pathname);
    return url;
  } catch (error) {
    throw new HubError('ArgumentInvalid', 'the path is not a valid URL path', { cause: error });
  }
}
