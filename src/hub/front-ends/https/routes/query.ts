import { HubError } from '../../../model/hub-error.ts';
import { isJsonObject, ownMember } from '../../../model/json.ts';
import { headerOf, type HttpCall, type Route } from '../route.ts';

/** Queries. @see service-protocol.md, 6.1 */
export const QUERY_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/devices/query',
    permissions: ['RegistryRead', 'ServiceConnect'],
    run: async (hub, call) => {
      const page = await hub.queries.run(queryText(call), {
        maxItems: headerOf(call, 'x-ms-max-item-count'),
        continuation: headerOf(call, 'x-ms-continuation'),
      });
      return {
        body: page.rows,
        headers: {
          'x-ms-item-type': page.itemType,
          ...(page.continuation === undefined ? {} : { 'x-ms-continuation': page.continuation }),
        },
      };
    },
  },
];

function queryText(call: HttpCall): string {
  const text = isJsonObject(call.body) ? ownMember(call.body, 'query') : undefined;
  if (text === undefined || text === null) throw new HubError('ArgumentNull', 'BadRequest');
  if (typeof text !== 'string') throw new HubError('ArgumentInvalid', 'query must be a string');
  return text;
}
