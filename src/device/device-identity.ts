import type { DeviceConnectionString, ServiceHub } from '../config/index.ts';
import type { JsonObject } from '../sdk/device-link.ts';
import type { DeviceIdentity } from '../sdk/service-documents.ts';
import { ProgramError } from '../terminal/index.ts';

/**
 * What a device signs in with, from its identity in the hub's registry.
 *
 * @throws ProgramError `notFound` when there is no such device and it may not be created, `refused` when it is disabled or
 *   the registry may not be read, `noHub`
 */
export async function fetchDevice(
  hub: ServiceHub,
  deviceId: string,
  options: { create: boolean; tags?: JsonObject | undefined; signal: AbortSignal },
): Promise<DeviceConnectionString> {
  // Only a device without a string of its own needs the service SDK, which takes a while to load.
  const { openServiceClient } = await import('../sdk/service-client.ts');
  const client = await openServiceClient(hub, { env: process.env, signal: options.signal });
  try {
    const connection = connectionOf(await readOrCreate(client, deviceId, options.create), hub);
    if (options.tags !== undefined) await client.patchTwin(deviceId, { tags: options.tags }, '*');
    return connection;
  } finally {
    client.close();
  }
}

interface Identities {
  getDevice(deviceId: string): Promise<DeviceIdentity>;
  createDevice(identity: { deviceId: string }): Promise<DeviceIdentity>;
}

async function readOrCreate(client: Identities, deviceId: string, create: boolean): Promise<DeviceIdentity> {
  try {
    return await client.getDevice(deviceId);
  } catch (error) {
    if (!(error instanceof ProgramError) || error.exit !== 'notFound') throw error;
    if (!create) {
      throw new ProgramError('notFound', error.code, `the hub has no device "${deviceId}"`, {
        hint: `register it: sim-device --device-id ${deviceId} --create   (or: hub-admin device create ${deviceId})`,
        trackingId: error.trackingId,
        cause: error,
      });
    }
  }
  try {
    return await client.createDevice({ deviceId });
  } catch (error) {
    // Another program registered it in between.
    if (error instanceof ProgramError && error.code === 'DeviceAlreadyExists') return client.getDevice(deviceId);
    throw error;
  }
}

/**
 * @throws ProgramError `refused` when the device is disabled: the hub would say no more than "not authorized"
 */
export function connectionOf(identity: DeviceIdentity, hub: ServiceHub): DeviceConnectionString {
  const { deviceId, status, authentication } = identity;
  if (status === 'disabled') {
    throw new ProgramError('refused', 'DeviceDisabled', `device "${deviceId}" is disabled`, {
      hint: `enable it: hub-admin device enable ${deviceId}`,
    });
  }
  const { hostName } = hub.connection;
  const sharedAccessKey = primaryKeyOf(authentication['symmetricKey']);
  if (sharedAccessKey === undefined) return { hostName, deviceId, authentication: { kind: 'x509' } };
  return { hostName, deviceId, authentication: { kind: 'sharedAccessKey', sharedAccessKey } };
}

function primaryKeyOf(symmetricKey: unknown): string | undefined {
  if (typeof symmetricKey !== 'object' || symmetricKey === null || !('primaryKey' in symmetricKey)) return undefined;
  const { primaryKey } = symmetricKey;
  return typeof primaryKey === 'string' && primaryKey !== '' ? primaryKey : undefined;
}
