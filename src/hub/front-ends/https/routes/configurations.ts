import { ifMatch, param, type Route } from '../route.ts';
import { withEtag } from './devices.ts';

/** Automatic device management. @see service-protocol.md, 9 */
export const CONFIGURATION_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/configurations',
    permissions: ['RegistryRead', 'ServiceConnect'],
    run: (hub, { query }) => ({ body: hub.configurations.list(Number(query.get('top') ?? NaN)) }),
  },
  {
    method: 'GET',
    path: '/configurations/:id',
    permissions: ['RegistryRead', 'ServiceConnect'],
    run: (hub, call) => withEtag(hub.configurations.document(param(call, 'id'))),
  },
  {
    method: 'PUT',
    path: '/configurations/:id',
    permissions: ['RegistryWrite'],
    run: async (hub, call) => withEtag(await hub.configurations.put(param(call, 'id'), call.body, ifMatch(call))),
  },
  {
    method: 'DELETE',
    path: '/configurations/:id',
    permissions: ['RegistryWrite'],
    run: async (hub, call) => {
      await hub.configurations.delete(param(call, 'id'), ifMatch(call));
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: '/configurations/testQueries',
    permissions: ['RegistryRead', 'ServiceConnect'],
    run: (hub, call) => ({ body: hub.configurations.test(call.body) }),
  },
  {
    method: 'POST',
    path: '/devices/:deviceId/applyConfigurationContent',
    permissions: ['RegistryWrite'],
    run: async (hub, call) => {
      await hub.configurations.apply(param(call, 'deviceId'), call.body);
      return { status: 204 };
    },
  },
];
