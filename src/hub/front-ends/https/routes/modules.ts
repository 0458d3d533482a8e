import { ifMatch, param, type HttpCall, type Route } from '../route.ts';

/** Module identities. @see service-protocol.md, 4.5 */
export const MODULE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/devices/:deviceId/modules',
    permissions: ['RegistryRead'],
    run: (hub, call) => ({ body: hub.modules.list(param(call, 'deviceId')) }),
  },
  {
    method: 'GET',
    path: '/devices/:deviceId/modules/:moduleId',
    permissions: ['RegistryRead'],
    run: (hub, call) => ({ body: hub.modules.document(moduleOf(call)) }),
  },
  {
    method: 'PUT',
    path: '/devices/:deviceId/modules/:moduleId',
    permissions: ['RegistryWrite'],
    run: async (hub, call) => ({ body: await hub.modules.put(moduleOf(call), call.body, ifMatch(call)) }),
  },
  {
    method: 'DELETE',
    path: '/devices/:deviceId/modules/:moduleId',
    permissions: ['RegistryWrite'],
    run: async (hub, call) => {
      await hub.modules.delete(moduleOf(call), ifMatch(call));
      return { status: 204 };
    },
  },
];

function moduleOf(call: HttpCall): { deviceId: string; moduleId: string } {
  return { deviceId: param(call, 'deviceId'), moduleId: param(call, 'moduleId') };
}
