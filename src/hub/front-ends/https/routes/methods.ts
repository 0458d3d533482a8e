import { parseDirectMethodRequest } from '../../../model/direct-method.ts';
import { targetOf, type Route } from '../route.ts';

/** Direct methods. Their refusals come in dialect B. @see service-protocol.md, "Direct methods" */
export const METHOD_ROUTES: readonly Route[] = [
  '/twins/:deviceId/methods',
  '/twins/:deviceId/modules/:moduleId/methods',
].map((path) => ({
  method: 'POST',
  path,
  permissions: ['ServiceConnect'],
  dialect: 'B',
  run: async (hub, call) => ({ body: await hub.methods.invoke(targetOf(call), parseDirectMethodRequest(call.body)) }),
}));
