import { readFileSync } from 'node:fs';
import { parseDocument, YAMLParseError } from 'yaml';
import type { Hub } from '../hub/index.ts';
import { ProgramError, wrongCall } from '../terminal/index.ts';

/** A device of a seed file. */
interface SeedDevice {
  readonly deviceId: string;
  readonly status?: unknown;
  readonly tags?: unknown;
  readonly desired?: unknown;
  readonly primaryKey?: unknown;
  readonly secondaryKey?: unknown;
}

const MEMBERS = new Set(['deviceId', 'status', 'tags', 'desired', 'primaryKey', 'secondaryKey']);
const BATCH = 100;

/**
 * Reads a seed file: `devices`, a list of `{deviceId, status?, tags?, desired?, primaryKey?, secondaryKey?}`, in YAML or JSON.
 *
 * @throws ProgramError wrongCall that names the file and the place
 */
export function readSeed(file: string): readonly SeedDevice[] {
  const document = parseDocument(readText(file));
  const [problem] = document.errors;
  if (problem instanceof YAMLParseError)
    throw wrongCall(`${file}: ${problem.message}`, 'correct the file and try again');
  const root: unknown = document.toJS();
  if (!isRecord(root) || !Array.isArray(root['devices'])) {
    throw wrongCall(
      `${file} has no list of devices`,
      'write it as `devices:` followed by `- deviceId: …` for each device',
    );
  }
  return root['devices'].map((device: unknown, i) => checkDevice(file, device, i));
}

/** Registers the devices that are not there yet; tags and desired properties are merged into those that are. */
export async function applySeed(hub: Hub, devices: readonly SeedDevice[]): Promise<void> {
  for (let start = 0; start < devices.length; start += BATCH) {
    const items = devices.slice(start, start + BATCH).map((device) => bulkItem(hub, device));
    const { errors } = await hub.bulk.run(items);
    const [first] = errors;
    if (first === undefined) continue;
    const problem = `device ${JSON.stringify(first['deviceId'])} of the seed file: ${JSON.stringify(first['errorStatus'])}`;
    throw new ProgramError('wrongCall', 'BadSeed', problem, { hint: 'correct the seed file and try again' });
  }
}

function bulkItem(hub: Hub, device: SeedDevice): object {
  const { deviceId, status, tags, desired, primaryKey, secondaryKey } = device;
  const twin = {
    ...(tags === undefined ? {} : { tags }),
    ...(desired === undefined ? {} : { properties: { desired } }),
  };
  if (hub.registry.hasDevice(deviceId)) return { id: deviceId, importMode: 'updateTwin', ...twin };
  const symmetricKey = { primaryKey: primaryKey ?? '', secondaryKey: secondaryKey ?? '' };
  return { id: deviceId, importMode: 'create', status, authentication: { type: 'sas', symmetricKey }, ...twin };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ProgramError('wrongCall', 'UnreadableFile', `cannot read the seed file ${file}`, {
      hint: 'check the path',
      cause: error,
    });
  }
}

function checkDevice(file: string, device: unknown, i: number): SeedDevice {
  if (!isRecord(device)) throw wrongCall(`${file}: device ${i + 1} must be an object with deviceId`);
  const unknown = Object.keys(device).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined)
    throw wrongCall(
      `${file}: device ${i + 1} has an unknown member '${unknown}'`,
      `known are ${[...MEMBERS].join(', ')}`,
    );
  const { deviceId } = device;
  if (typeof deviceId !== 'string') throw wrongCall(`${file}: device ${i + 1} has no deviceId`);
  return { ...device, deviceId };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
