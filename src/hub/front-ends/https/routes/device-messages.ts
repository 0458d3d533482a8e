import { MAX_TELEMETRY_BYTES } from '../../../model/limits.ts';
import { messageHeaders, readProperties } from '../message-headers.ts';
import { param, type DeviceCall, type DeviceRoute, type HttpAnswer } from '../route.ts';
import { BATCH_TYPE, parseBatch } from './device-batch.ts';
import { FILE_ROUTES } from './files.ts';
import type { Hub } from '../../../hub.ts';

const DEVICE_BOUND = '/devices/:deviceId/messages/devicebound';

/** Base64 and the names around it make a batch of full size larger on its way. */
const MAX_REQUEST_BYTES = 2 * MAX_TELEMETRY_BYTES;

/** The device API: telemetry and the device's side of cloud-to-device messages. @see device-protocol.md, 9 */
const DEVICE_MESSAGE_ROUTES: readonly DeviceRoute[] = [
  {
    method: 'POST',
    path: '/devices/:deviceId/messages/events',
    permissions: 'device',
    maxBytes: MAX_REQUEST_BYTES,
    run: async (hub, call) => {
      const isBatch = call.headers['content-type']?.split(';')[0]?.trim().toLowerCase() === BATCH_TYPE;
      const messages = isBatch ? parseBatch(call.body) : [{ ...readProperties(call.rawHeaders), body: call.body }];
      await hub.telemetry.acceptAll(hub.telemetry.sourceOf(call.device), messages);
      return { status: 204 };
    },
  },
  { method: 'GET', path: DEVICE_BOUND, permissions: 'device', maxBytes: MAX_TELEMETRY_BYTES, run: receive },
  {
    method: 'DELETE',
    path: `${DEVICE_BOUND}/:lockToken`,
    permissions: 'device',
    maxBytes: MAX_TELEMETRY_BYTES,
    run: async (hub, call) => {
      const settle = call.query.has('reject') ? 'reject' : 'complete';
      await hub.cloudToDevice[settle](param(call, 'deviceId'), param(call, 'lockToken'));
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: `${DEVICE_BOUND}/:lockToken/abandon`,
    permissions: 'device',
    maxBytes: MAX_TELEMETRY_BYTES,
    run: async (hub, call) => {
      await hub.cloudToDevice.abandon(param(call, 'deviceId'), param(call, 'lockToken'));
      return { status: 204 };
    },
  },
];

/** All that a device can ask for over HTTPS. */
export const DEVICE_API_ROUTES: readonly DeviceRoute[] = [...DEVICE_MESSAGE_ROUTES, ...FILE_ROUTES];

function receive(hub: Hub, call: DeviceCall): HttpAnswer {
  hub.connections.heardFrom(param(call, 'deviceId'));
  const message = hub.cloudToDevice.receive(param(call, 'deviceId'), { lockMs: lockMsOf(call) });
  if (message === undefined) return { status: 204 };
  return { body: message.body, headers: messageHeaders(message) };
}

const MIN_LOCK_SECONDS = 5;
const MAX_LOCK_SECONDS = 300;

/** `iothub-messagelocktimeout`, in seconds; what is out of range or no number gets the nearest that is, or the default. */
function lockMsOf(call: DeviceCall): number | undefined {
  const seconds = Number(call.headers['iothub-messagelocktimeout'] ?? NaN);
  if (Number.isNaN(seconds)) return undefined;
  return Math.min(Math.max(seconds, MIN_LOCK_SECONDS), MAX_LOCK_SECONDS) * 1000;
}
