import type { JsonObject } from '../../../model/json.ts';
import { ifMatch, param, type HttpAnswer, type Route } from '../route.ts';

/** The identity registry. @see service-protocol.md, "Identity registry" */
export const DEVICE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/devices',
    permissions: ['RegistryRead'],
    run: (hub, { query }) => ({ body: hub.registry.listDevices(Number(query.get('top') ?? NaN)) }),
  },
  {
    method: 'POST',
    path: '/devices',
    permissions: ['RegistryWrite'],
    run: async (hub, { body }) => {
      const result = await hub.bulk.run(body);
      return { status: result.isSuccessful ? 200 : 400, body: result };
    },
  },
  {
    method: 'GET',
    path: '/devices/:deviceId',
    permissions: ['RegistryRead'],
    run: (hub, call) => withEtag(hub.registry.deviceDocument(param(call, 'deviceId'))),
  },
  {
    method: 'PUT',
    path: '/devices/:deviceId',
    permissions: ['RegistryWrite'],
    run: async (hub, call) => withEtag(await hub.registry.putDevice(param(call, 'deviceId'), call.body, ifMatch(call))),
  },
  {
    method: 'DELETE',
    path: '/devices/:deviceId',
    permissions: ['RegistryWrite'],
    run: async (hub, call) => {
      await hub.registry.deleteDevice(param(call, 'deviceId'), ifMatch(call));
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: '/statistics/devices',
    permissions: ['RegistryRead'],
    run: (hub) => ({ body: hub.registry.deviceStatistics() }),
  },
  {
    method: 'GET',
    path: '/statistics/service',
    permissions: ['RegistryRead'],
    run: (hub) => ({ body: { connectedDeviceCount: hub.connections.count } }),
  },
];

/** An identity with its etag as a header too. */
export function withEtag(body: JsonObject): HttpAnswer {
  const etag = body['etag'];
  return typeof etag === 'string' ? { body, headers: { ETag: `"${etag}"` } } : { body };
}
