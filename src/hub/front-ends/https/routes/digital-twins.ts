import { ifMatch, param, type HttpCall, type Route } from '../route.ts';

/** Plug and Play. @see service-protocol.md, 1 */
export const DIGITAL_TWIN_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/digitaltwins/:deviceId',
    permissions: ['ServiceConnect'],
    run: (hub, call) => {
      const { body, etag } = hub.digitalTwins.document(param(call, 'deviceId'));
      return { body, headers: { ETag: `"${etag}"` } };
    },
  },
  {
    method: 'PATCH',
    path: '/digitaltwins/:deviceId',
    permissions: ['ServiceConnect'],
    run: async (hub, call) => {
      const deviceId = param(call, 'deviceId');
      const etag = await hub.digitalTwins.patch(deviceId, call.body, ifMatch(call));
      const location = `https://${hub.hostName}/digitaltwins/${encodeURIComponent(deviceId)}`;
      return { status: 202, headers: { ETag: `"${etag}"`, Location: location } };
    },
  },
  ...[
    '/digitaltwins/:deviceId/commands/:command',
    '/digitaltwins/:deviceId/components/:component/commands/:command',
  ].map((path): Route => ({
    method: 'POST',
    path,
    permissions: ['ServiceConnect'],
    dialect: 'B',
    run: async (hub, call) => {
      const { status, payload } = await hub.digitalTwins.invoke({
        deviceId: param(call, 'deviceId'),
        component: call.params['component'],
        command: param(call, 'command'),
        payload: call.body,
        connectTimeoutInSeconds: seconds(call, 'connectTimeoutInSeconds'),
        responseTimeoutInSeconds: seconds(call, 'responseTimeoutInSeconds'),
      });
      return { body: payload, headers: { 'x-ms-command-statuscode': String(status) } };
    },
  })),
];

/** A timeout of the query string; what is no number is refused where its range is. */
function seconds(call: HttpCall, name: string): number | undefined {
  const text = call.query.get(name);
  return text === null ? undefined : Number(text);
}
