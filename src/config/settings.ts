import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { wrongCall } from '../terminal/index.ts';
import { tandemHome } from './tandem-home.ts';

export const DEFAULT_DEVICE_ID = 'myDeviceId';

/** Each setting and the names it goes by, the first being the one that messages use. */
const NAMES = {
  serviceConnectionString: ['IOTHUB_CONNECTION_STRING', 'IOTHUB_SERVICE_CONNECTION_STRING'],
  deviceConnectionString: ['IOTHUB_DEVICE_CONNECTION_STRING'],
  deviceId: ['IOTHUB_DEVICE_ID'],
  storageConnectionString: ['TANDEM_STORAGE_CONNECTION_STRING'],
  tandemHome: ['TANDEM_HOME'],
} as const;

/** Where a setting came from, as messages say it: `IOTHUB_CONNECTION_STRING`, `IOTHUB_CONNECTION_STRING in .env`, `default`. */
export interface SettingSources {
  readonly serviceConnectionString?: string;
  readonly deviceConnectionString?: string;
  readonly deviceId: string;
  readonly tandemHome: string;
}

export interface Settings {
  /** As it stands; parsed where a hub is looked for. */
  readonly serviceConnectionString?: string;
  readonly deviceConnectionString?: string;
  readonly deviceId: string;
  /** Where devices of the local hub upload files to: an Azure Storage account or Azurite. */
  readonly storageConnectionString?: string;
  readonly tandemHome: string;
  /** `local`: the local hub, whatever is set. */
  readonly hub: 'local' | undefined;
  readonly sources: SettingSources;
}

/**
 * The settings: the environment first, then the `.env` file. An empty value counts as none.
 *
 * @throws ProgramError `wrongCall` when a file that was asked for cannot be read
 */
export function readSettings(options: {
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** `--env-file`: read instead of `.env`, and it must be there. */
  envFile?: string | undefined;
  hub?: 'local' | undefined;
}): Settings {
  const file = readEnvFile(options.cwd, options.envFile);
  const find = (names: readonly string[]): Found | undefined =>
    findIn(options.env, names, '') ?? findIn(file, names, ` in ${options.envFile ?? '.env'}`);
  const service = find(NAMES.serviceConnectionString);
  const device = find(NAMES.deviceConnectionString);
  const deviceId = find(NAMES.deviceId) ?? { value: DEFAULT_DEVICE_ID, source: 'default' };
  const storage = find(NAMES.storageConnectionString);
  const home = find(NAMES.tandemHome);
  return {
    ...(service === undefined ? {} : { serviceConnectionString: service.value }),
    ...(device === undefined ? {} : { deviceConnectionString: device.value }),
    deviceId: deviceId.value,
    ...(storage === undefined ? {} : { storageConnectionString: storage.value }),
    tandemHome: tandemHome(home === undefined ? options.env : { ...options.env, TANDEM_HOME: home.value }),
    hub: options.hub,
    sources: {
      ...(service === undefined ? {} : { serviceConnectionString: service.source }),
      ...(device === undefined ? {} : { deviceConnectionString: device.source }),
      deviceId: deviceId.source,
      tandemHome: home?.source ?? 'default',
    },
  };
}

interface Found {
  readonly value: string;
  readonly source: string;
}

function findIn(values: NodeJS.Dict<string>, names: readonly string[], where: string): Found | undefined {
  for (const name of names) {
    const value = values[name]?.trim();
    if (value !== undefined && value !== '') return { value, source: name + where };
  }
  return undefined;
}

function readEnvFile(cwd: string, asked: string | undefined): NodeJS.Dict<string> {
  const path = asked === undefined ? join(cwd, '.env') : resolve(cwd, asked);
  try {
    const text = readFileSync(path, 'utf8');
    // Importing node:util would load all of it, 2 ms of every start, and most folders have no such file.
    return process.getBuiltinModule('node:util').parseEnv(text);
  } catch (error) {
    if (asked === undefined && isMissing(error)) return {};
    const reason = error instanceof Error ? error.message : String(error);
    throw wrongCall(`the settings file ${path} cannot be read: ${reason}`, 'name another one with --env-file <file>');
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
