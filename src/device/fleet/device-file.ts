import { readFileSync } from 'node:fs';
import { addSecret, type DeviceConnectionString, parseDeviceConnectionString } from '../../config/index.ts';
import { isJsonObject, parseJson } from '../../sdk/device-json.ts';
import type { JsonObject, JsonValue } from '../../sdk/device-link.ts';
import { wrongCall } from '../../terminal/index.ts';

/**
 * Reads who a fleet's devices are and what they sign in with: one device connection string a line, or an identity export
 * (one JSON object a line, or one list), whose devices belong to `hostName`.
 *
 * @param hostName undefined when no hub is configured: an identity export is refused then
 * @throws ProgramError `wrongCall` that names the line
 */
export function readDeviceFile(file: string, hostName: string | undefined): DeviceConnectionString[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw wrongCall(`--devices-from ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const devices = text.trimStart().startsWith('[')
    ? readList(text, file, hostName)
    : text.split(/\r?\n/).flatMap((line, at) => readLine(line.trim(), `${file}:${at + 1}`, hostName));
  if (devices.length === 0) throw wrongCall(`--devices-from ${file} names no devices`);
  return devices;
}

function readList(text: string, file: string, hostName: string | undefined): DeviceConnectionString[] {
  const list = json(text, file);
  const values: readonly JsonValue[] = Array.isArray(list) ? list : [];
  return values.map((value, at) => readIdentity(value, `${file}[${at}]`, hostName));
}

function readLine(line: string, where: string, hostName: string | undefined): DeviceConnectionString[] {
  if (line === '' || line.startsWith('#')) return [];
  if (line.startsWith('{')) return [readIdentity(json(line, where), where, hostName)];
  return [parseDeviceConnectionString(line, where)];
}

/** As `az iot hub device-identity export` and `hub-admin device export --show-keys` write it. */
function readIdentity(value: JsonValue, where: string, hostName: string | undefined): DeviceConnectionString {
  if (!isJsonObject(value)) throw wrongCall(`${where} is no device identity`);
  const { connectionString } = value;
  if (typeof connectionString === 'string') return parseDeviceConnectionString(connectionString, where);
  const deviceId = value['deviceId'] ?? value['id'];
  if (typeof deviceId !== 'string' || deviceId === '') throw wrongCall(`${where} has no "deviceId" or "id"`);
  const sharedAccessKey = memberOf(memberOf(value, 'authentication'), 'symmetricKey')['primaryKey'];
  if (typeof sharedAccessKey !== 'string' || sharedAccessKey === '') {
    throw wrongCall(`${where}, device "${deviceId}", has no key`, 'export the identities with their keys');
  }
  if (hostName === undefined) {
    throw wrongCall(
      `${where} does not say which hub the device belongs to`,
      'set IOTHUB_CONNECTION_STRING, or use connection strings',
    );
  }
  addSecret(sharedAccessKey);
  return { hostName, deviceId, authentication: { kind: 'sharedAccessKey', sharedAccessKey } };
}

function memberOf(value: JsonObject, name: string): JsonObject {
  const member = value[name];
  return isJsonObject(member) ? member : {};
}

function json(text: string, where: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    throw wrongCall(`${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
