import { ifMatch, targetOf, type Route } from '../route.ts';

/** Twins, of devices and of modules alike. @see service-protocol.md, "Twins" */
export const TWIN_ROUTES: readonly Route[] = ['/twins/:deviceId', '/twins/:deviceId/modules/:moduleId'].flatMap(
  (path): Route[] => [
    {
      method: 'GET',
      path,
      permissions: ['ServiceConnect'],
      run: (hub, call) => ({ body: hub.twins.document(targetOf(call)) }),
    },
    {
      method: 'PATCH',
      path,
      permissions: ['ServiceConnect'],
      run: async (hub, call) => ({ body: await hub.twins.patch(targetOf(call), call.body, ifMatch(call)) }),
    },
    {
      method: 'PUT',
      path,
      permissions: ['ServiceConnect'],
      run: async (hub, call) => ({ body: await hub.twins.replace(targetOf(call), call.body, ifMatch(call)) }),
    },
  ],
);
