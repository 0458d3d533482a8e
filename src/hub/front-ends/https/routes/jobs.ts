import { headerOf, param, type Route } from '../route.ts';

/** Scheduled jobs, and jobs that import or export identities. @see service-protocol.md, "Jobs v2" and 4.7 */
export const JOB_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs/v2/query',
    permissions: ['RegistryRead', 'ServiceConnect'],
    run: (hub, call) => {
      const { rows, continuation } = hub.jobs.list(
        { jobType: call.query.get('jobType'), jobStatus: call.query.get('jobStatus') },
        {
          maxItems: headerOf(call, 'x-ms-max-item-count') ?? call.query.get('pageSize') ?? undefined,
          continuation: headerOf(call, 'x-ms-continuation') ?? call.query.get('continuationToken') ?? undefined,
        },
      );
      return {
        body: rows,
        headers: {
          'x-ms-item-type': 'JobResponse',
          ...(continuation === undefined ? {} : { 'x-ms-continuation': continuation }),
        },
      };
    },
  },
  {
    method: 'GET',
    path: '/jobs/v2/:jobId',
    permissions: ['RegistryRead', 'ServiceConnect'],
    run: (hub, call) => {
      const jobId = param(call, 'jobId');
      // An import or export is found here too, and nothing is said of it. service-protocol.md, 8
      return {
        body: hub.transfers.has(jobId) ? { jobId, type: 'unknown', status: 'unknown' } : hub.jobs.document(jobId),
      };
    },
  },
  {
    method: 'PUT',
    path: '/jobs/v2/:jobId',
    permissions: ['RegistryWrite', 'ServiceConnect'],
    run: async (hub, call) => ({ body: await hub.jobs.create(param(call, 'jobId'), call.body) }),
  },
  {
    method: 'POST',
    path: '/jobs/v2/:jobId/cancel',
    permissions: ['RegistryWrite', 'ServiceConnect'],
    run: async (hub, call) => ({ body: await hub.jobs.cancel(param(call, 'jobId')) }),
  },
  {
    method: 'POST',
    path: '/jobs/create',
    permissions: ['RegistryWrite'],
    run: async (hub, call) => ({ body: await hub.transfers.create(call.body) }),
  },
  {
    method: 'GET',
    path: '/jobs',
    permissions: ['RegistryRead'],
    run: (hub) => ({ body: hub.transfers.list() }),
  },
  {
    method: 'GET',
    path: '/jobs/:jobId',
    permissions: ['RegistryRead'],
    run: (hub, call) => ({ body: hub.transfers.document(param(call, 'jobId')) }),
  },
  {
    method: 'DELETE',
    path: '/jobs/:jobId',
    permissions: ['RegistryWrite'],
    run: async (hub, call) => ({ body: await hub.transfers.cancel(param(call, 'jobId')) }),
  },
];
