import { param, type Route } from '../route.ts';

/**
 * Authorities of device certificates, for the hub's owner. Azure has these operations in its management interface; names and
 * shapes are taken from there.
 */
export const CERTIFICATE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/$tandem/certificates',
    permissions: 'owner',
    run: (hub) => ({ body: { value: hub.certificates.list() } }),
  },
  {
    method: 'GET',
    path: '/$tandem/certificates/:name',
    permissions: 'owner',
    run: (hub, call) => ({ body: hub.certificates.document(param(call, 'name')) }),
  },
  {
    method: 'PUT',
    path: '/$tandem/certificates/:name',
    permissions: 'owner',
    run: async (hub, call) => ({ body: await hub.certificates.put(param(call, 'name'), call.body) }),
  },
  {
    method: 'DELETE',
    path: '/$tandem/certificates/:name',
    permissions: 'owner',
    run: async (hub, call) => {
      await hub.certificates.delete(param(call, 'name'));
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: '/$tandem/certificates/:name/generateVerificationCode',
    permissions: 'owner',
    run: async (hub, call) => ({ body: await hub.certificates.newVerificationCode(param(call, 'name')) }),
  },
  {
    method: 'POST',
    path: '/$tandem/certificates/:name/verify',
    permissions: 'owner',
    run: async (hub, call) => ({ body: await hub.certificates.verify(param(call, 'name'), call.body) }),
  },
];
