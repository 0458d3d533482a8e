import { headerOf, param, type Route } from '../route.ts';

/** Scheduled jobs. @see service-protocol.md, "Jobs v2" */
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
    run: (hub, call) => ({ body: hub.jobs.document(param(call, 'jobId')) }),
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
];
