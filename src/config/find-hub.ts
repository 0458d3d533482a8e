import { ProgramError, wrongCall } from '../terminal/index.ts';
import { type DeviceConnectionString, parseDeviceConnectionString } from './device-connection-string.ts';
import { type Discovery, findRunningHub, localServiceConnectionString } from './discovery.ts';
import { deviceAddress, type HubAddress, localAddress, serviceAddress } from './hub-address.ts';
import { parseServiceConnectionString, type ServiceConnectionString } from './service-connection-string.ts';
import type { Settings } from './settings.ts';

export interface ServiceHub {
  readonly connection: ServiceConnectionString;
  readonly address: HubAddress;
  /** Where it was found: the setting's name, or `local hub` when nothing was configured. */
  readonly source: string;
}

export type DeviceHubChoice =
  | {
      readonly kind: 'device';
      readonly connection: DeviceConnectionString;
      readonly address: HubAddress;
      readonly source: string;
    }
  /** Fetch the device's key first; with `--create`, and always when the address is local, register it. */
  | { readonly kind: 'service'; readonly hub: ServiceHub; readonly deviceId: string }
  /** The caller starts a local hub, then asks again. */
  | { readonly kind: 'noHubRunning'; readonly deviceId: string };

export const LOCAL_HUB = 'local hub';

/**
 * The hub for the service side: `--hub local`, then the service string, then the local hub when nothing at all is set.
 *
 * @throws ProgramError `noHub` when nothing is set and none runs; `wrongCall` when only a device string is set or a string is malformed
 */
export async function findServiceHub(settings: Settings): Promise<ServiceHub> {
  const running = await findRunningHub(settings.tandemHome);
  if (settings.hub !== 'local') {
    if (settings.serviceConnectionString !== undefined) {
      return configuredHub(settings.serviceConnectionString, serviceSource(settings), running);
    }
    if (settings.deviceConnectionString !== undefined) {
      const source = settings.sources.deviceConnectionString ?? 'IOTHUB_DEVICE_CONNECTION_STRING';
      throw wrongCall(
        `only ${source} is set; this program needs IOTHUB_CONNECTION_STRING, a service connection string`,
        'set it (see "Shared access policies" of the hub), or add --hub local for the local hub',
      );
    }
  }
  if (running === undefined) throw noLocalHub(settings);
  return localServiceHub(running);
}

/**
 * The hub for the device side: `--hub local`, then the device string, then the service string, then the local hub.
 *
 * @param deviceId the one that was asked for; absent means the string's own, or the setting
 * @throws ProgramError `wrongCall` when a string is malformed or belongs to another device than the one asked for
 */
export async function findDeviceHub(settings: Settings, deviceId?: string): Promise<DeviceHubChoice> {
  const running = await findRunningHub(settings.tandemHome);
  const wanted = deviceId ?? settings.deviceId;
  if (settings.hub !== 'local') {
    const own = configuredDevice(settings, deviceId, running);
    if (own !== undefined) return own;
    if (settings.serviceConnectionString !== undefined) {
      const hub = configuredHub(settings.serviceConnectionString, serviceSource(settings), running);
      return { kind: 'service', hub, deviceId: wanted };
    }
  }
  if (running === undefined) return { kind: 'noHubRunning', deviceId: wanted };
  return { kind: 'service', hub: localServiceHub(running), deviceId: wanted };
}

/** The local hub as the service side sees it. */
export function localServiceHub(running: Discovery): ServiceHub {
  const connection = parseServiceConnectionString(localServiceConnectionString(running), LOCAL_HUB);
  return { connection, address: localAddress(running), source: LOCAL_HUB };
}

function configuredHub(text: string, source: string, running: Discovery | undefined): ServiceHub {
  const connection = parseServiceConnectionString(text, source);
  return { connection, address: serviceAddress(connection, running), source };
}

/** The device string, unless another device was asked for and there is a service string to fetch that one's key with. */
function configuredDevice(
  settings: Settings,
  deviceId: string | undefined,
  running: Discovery | undefined,
): DeviceHubChoice | undefined {
  if (settings.deviceConnectionString === undefined) return undefined;
  const source = settings.sources.deviceConnectionString ?? 'IOTHUB_DEVICE_CONNECTION_STRING';
  const connection = parseDeviceConnectionString(settings.deviceConnectionString, source);
  if (deviceId === undefined || deviceId === connection.deviceId) {
    return { kind: 'device', connection, address: deviceAddress(connection, running), source };
  }
  if (settings.serviceConnectionString !== undefined) return undefined;
  throw wrongCall(
    `${source} is for device "${connection.deviceId}", but --device-id asks for "${deviceId}"`,
    'leave --device-id out, or set IOTHUB_CONNECTION_STRING so that the key of any device can be fetched',
  );
}

function serviceSource(settings: Settings): string {
  return settings.sources.serviceConnectionString ?? 'IOTHUB_CONNECTION_STRING';
}

function noLocalHub(settings: Settings): ProgramError {
  const why = settings.hub === 'local' ? '' : 'IOTHUB_CONNECTION_STRING is not set and ';
  return new ProgramError('noHub', 'NoHub', `no hub: ${why}no local hub runs for ${settings.tandemHome}`, {
    hint: 'start one with: hub-admin hub --detach   (or run sim-device, which brings its own)',
  });
}
