import { HubError } from '../../../model/hub-error.ts';
import type { Route } from '../route.ts';

/** Operations of IoT Hub, in this or older versions of its interface, that this hub does not have: they are refused by name. */
const ABSENT_OPERATIONS = [
  ['GET', '/messages/serviceBound/filenotifications', 'Receive file notification'],
  ['DELETE', '/messages/serviceBound/filenotifications/:lockToken', 'Complete file notification'],
  ['POST', '/messages/serviceBound/filenotifications/:lockToken/abandon', 'Abandon file notification'],
  ['POST', '/devices/:deviceId/modules/:moduleId/messages/events', 'Send telemetry of a module over HTTPS'],
  [
    'POST',
    '/devices/:deviceId/modules/:moduleId/devicesAndModulesInDeviceScope',
    'Devices and modules in device scope',
  ],
  ['POST', '/twins/:deviceId/streams/:streamName', 'Device streams'],
  ['GET', '/digitaltwins/:deviceId/interfaces', 'Digital twin interfaces'],
  ['PATCH', '/digitaltwins/:deviceId/interfaces', 'Digital twin interfaces'],
  ['GET', '/digitaltwins/:deviceId/interfaces/:interfaceName', 'Digital twin interfaces'],
  ['GET', '/digitaltwins/models/:modelId', 'Digital twin models'],
] as const satisfies readonly (readonly [Route['method'], string, string])[];

export const ABSENT_ROUTES: readonly Route[] = ABSENT_OPERATIONS.map(([method, path, name]) => ({
  method,
  path,
  permissions: 'open',
  run: () => {
    throw new HubError(
      'NotFound',
      `'${name}' (${method} ${path}) is an operation of IoT Hub that this hub does not have`,
    );
  },
}));
