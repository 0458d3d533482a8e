import { type DeviceConnectionString, formatDeviceConnectionString, type ServiceHub } from '../config/index.ts';
import type { DeviceIdentity } from '../sdk/service-documents.ts';
import { ProgramError } from '../terminal/index.ts';
import { keyOf } from './identity-view.ts';

const STANDARD_MQTT_PORT = 8883;

/**
 * What the device signs in with at this hub. It holds the key.
 * On a port of its own the hub is named as a gateway with its MQTT port, which every device SDK understands.
 */
export function deviceConnectionString(
  hub: ServiceHub,
  identity: DeviceIdentity,
  which: 'primary' | 'secondary' = 'primary',
): string {
  const { hostName, mqttPort } = hub.address;
  const gateway = mqttPort === STANDARD_MQTT_PORT ? {} : { gatewayHostName: `localhost:${mqttPort}` };
  const authentication = authenticationOf(identity, which);
  return formatDeviceConnectionString({ hostName, deviceId: identity.deviceId, authentication, ...gateway });
}

function authenticationOf(
  identity: DeviceIdentity,
  which: 'primary' | 'secondary',
): DeviceConnectionString['authentication'] {
  const type = identity.authentication['type'];
  if (type === 'selfSigned' || type === 'certificateAuthority') return { kind: 'x509' };
  const key = keyOf(identity, which);
  if (key !== undefined) return { kind: 'sharedAccessKey', sharedAccessKey: key };
  throw new ProgramError('failed', 'NoKeys', `device "${identity.deviceId}" has no ${which} key`);
}
