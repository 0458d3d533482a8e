import { parseJson } from '../request-body.ts';
import { param, type DeviceRoute } from '../route.ts';

const MAX_BODY_BYTES = 64 * 1024;
const NOTIFICATIONS = '/devices/:deviceId/files/notifications';

/** File upload. @see device-protocol.md, 10 */
export const FILE_ROUTES: readonly DeviceRoute[] = [
  {
    method: 'POST',
    path: '/devices/:deviceId/files',
    permissions: 'device',
    maxBytes: MAX_BODY_BYTES,
    run: async (hub, call) => ({
      body: await hub.fileUploads.initialise(param(call, 'deviceId'), parseJson(call.body)),
    }),
  },
  // The Node SDK names the upload in the path, the others in the body.
  ...[NOTIFICATIONS, `${NOTIFICATIONS}/:correlationId`].map((path): DeviceRoute => ({
    method: 'POST',
    path,
    permissions: 'device',
    maxBytes: MAX_BODY_BYTES,
    run: async (hub, call) => {
      await hub.fileUploads.notify(param(call, 'deviceId'), call.params['correlationId'], parseJson(call.body));
      return { status: 204 };
    },
  })),
];
