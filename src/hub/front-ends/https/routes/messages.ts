import { MAX_CLOUD_TO_DEVICE_BYTES } from '../../../model/cloud-to-device-limits.ts';
import { readCloudToDeviceMessage } from '../message-headers.ts';
import { param, type BytesRoute, type Route } from '../route.ts';

/** Cloud-to-device messages, from the service's side. @see service-protocol.md, 10 */
export const MESSAGE_ROUTES: readonly BytesRoute[] = [
  {
    method: 'POST',
    path: '/devices/:deviceId/messages/deviceBound',
    permissions: ['ServiceConnect'],
    maxBytes: MAX_CLOUD_TO_DEVICE_BYTES,
    run: async (hub, call) => {
      await hub.cloudToDevice.send(param(call, 'deviceId'), readCloudToDeviceMessage(call.rawHeaders, call.body));
      return { status: 204 };
    },
  },
];

/** Empties a device's queue. */
export const PURGE_ROUTES: readonly Route[] = [
  {
    method: 'DELETE',
    path: '/devices/:deviceId/commands',
    permissions: ['ServiceConnect'],
    run: async (hub, call) => {
      const deviceId = param(call, 'deviceId');
      const { totalMessagesPurged } = await hub.cloudToDevice.purge(deviceId);
      return { body: { deviceId, moduleId: null, totalMessagesPurged } };
    },
  },
];
