import type { DeviceConnectionString } from '../../config/index.ts';
import type { EnrollmentGroup, Provisioner } from '../../sdk/provisioning-sdk.ts';
import { atOnce } from './at-once.ts';
import type { Credentials } from './credentials.ts';

/** The service takes about 16 registrations a second from one enrollment group: more at once would only be told to wait. */
const REGISTRATIONS_AT_ONCE = 16;
/** A device that is refused sooner than this after it was registered is not registered again. */
const SETTLED_MS = 10_000;

/** From the Device Provisioning Service: each device registers itself with a key derived from its group's. */
export function groupCredentials(group: EnrollmentGroup, signal: AbortSignal): Credentials {
  const registeredAt = new Map<string, number>();
  let provisioner: Promise<Provisioner> | undefined;
  const register = async (deviceId: string): Promise<DeviceConnectionString> => {
    provisioner ??= import('../../sdk/provisioning-sdk.ts').then(({ openProvisioner }) =>
      openProvisioner(group, { env: process.env, signal }),
    );
    const connection = await (await provisioner).register(deviceId);
    registeredAt.set(deviceId, performance.now());
    return connection;
  };
  return {
    read: async (deviceIds, progress) => {
      const known = new Map<string, DeviceConnectionString>();
      await atOnce(deviceIds, REGISTRATIONS_AT_ONCE, async (deviceId) => {
        known.set(deviceId, await register(deviceId));
        progress(known.size, deviceIds.length);
      });
      return known;
    },
    // The service may have moved it to another hub.
    renew: (deviceId) => {
      const at = registeredAt.get(deviceId);
      const isSettled = at !== undefined && performance.now() - at < SETTLED_MS;
      return isSettled ? Promise.resolve(undefined) : register(deviceId);
    },
  };
}
