import type { DeviceConnectionString } from '../../config/index.ts';

/** What a fleet's devices sign in with, where the hub's registry is not asked for it. */
export interface Credentials {
  /** For all devices, before the first connects. */
  read(
    deviceIds: readonly string[],
    progress: (done: number, total: number) => void,
  ): Promise<ReadonlyMap<string, DeviceConnectionString>>;
  /** Others after these were refused; undefined when there are none. */
  renew(deviceId: string): Promise<DeviceConnectionString | undefined>;
}

/** From a file: what it says is all there is. */
export function givenCredentials(connections: readonly DeviceConnectionString[]): Credentials {
  const known = new Map(connections.map((connection) => [connection.deviceId, connection]));
  return {
    read: () => Promise.resolve(known),
    renew: () => Promise.resolve(undefined),
  };
}
