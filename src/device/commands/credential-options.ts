import { type Command, Option } from 'commander';
import { findDeviceHub, type Settings } from '../../config/index.ts';
import type { EnrollmentGroup } from '../../sdk/provisioning-sdk.ts';
import { wrongCall } from '../../terminal/index.ts';
import { type Credentials, givenCredentials } from '../fleet/credentials.ts';
import { readDeviceFile } from '../fleet/device-file.ts';
import { groupCredentials } from '../fleet/group-credentials.ts';
import type { SharedOptions } from './shared-options.ts';

/** Where a fleet's keys come from, if not from the hub's registry. */
export interface CredentialOptions extends Pick<SharedOptions, 'create' | 'hub'> {
  readonly devicesFrom?: string;
  readonly dpsIdScope?: string;
  readonly dpsGroupKeyEnv: string;
  readonly dpsHost: string;
}

const GLOBAL_ENDPOINT = 'global.azure-devices-provisioning.net';
const HTTPS_PORT = 443;

export function addCredentialOptions(command: Command): Command {
  return command
    .option(
      '--devices-from <file>',
      'credentials: one device connection string a line, or an identity export in NDJSON or JSON',
    )
    .option(
      '--dps-id-scope <scope>',
      'credentials: register every device with a Device Provisioning Service by its enrollment group key',
    )
    .addOption(
      new Option('--dps-group-key-env <name>', 'the environment variable that holds the group key').default(
        'DPS_GROUP_KEY',
      ),
    )
    .addOption(
      new Option('--dps-host <host[:port]>', 'the endpoint of the provisioning service').default(GLOBAL_ENDPOINT),
    );
}

/** @returns no credentials where the hub's registry has them; `listedIds` where a file says which devices there are */
export async function credentialsOf(
  options: CredentialOptions,
  settings: Settings,
  signal: AbortSignal,
): Promise<{ credentials: Credentials | undefined; listedIds: readonly string[] | undefined }> {
  if (options.dpsIdScope !== undefined) {
    refuseOthers(options);
    const group = readGroup(options.dpsIdScope, options);
    return { credentials: groupCredentials(group, signal), listedIds: undefined };
  }
  if (options.devicesFrom === undefined) return { credentials: undefined, listedIds: undefined };
  // An identity export does not name its hub: it is the one that is configured.
  const choice = await findDeviceHub(settings);
  const hostName = choice.kind === 'service' ? choice.hub.connection.hostName : undefined;
  const connections = readDeviceFile(options.devicesFrom, hostName);
  return { credentials: givenCredentials(connections), listedIds: connections.map(({ deviceId }) => deviceId) };
}

function refuseOthers({ devicesFrom, create, hub }: CredentialOptions): void {
  const other =
    devicesFrom !== undefined ? '--devices-from' : create ? '--create' : hub === 'local' ? '--hub' : undefined;
  if (other === undefined) return;
  throw wrongCall(
    `--dps-id-scope and ${other} do not go together`,
    'a provisioning service says itself which hub a device has, and registers it there',
  );
}

/** @throws ProgramError `wrongCall`, without the key in its words */
function readGroup(idScope: string, { dpsGroupKeyEnv, dpsHost }: CredentialOptions): EnrollmentGroup {
  const groupKey = process.env[dpsGroupKeyEnv]?.trim() ?? '';
  if (groupKey === '') {
    throw wrongCall(
      `--dps-id-scope needs the key of the enrollment group, and ${dpsGroupKeyEnv} is not set`,
      `set ${dpsGroupKeyEnv} to its primary or secondary key, or name another variable with --dps-group-key-env`,
    );
  }
  if (!/^[A-Za-z0-9+/]{20,}={0,2}$/.test(groupKey)) {
    throw wrongCall(`the value of ${dpsGroupKeyEnv} is no key`, 'a group key is a Base64 text of 16 to 64 bytes');
  }
  const [, host = '', port] = /^([^\s:/]+)(?::(\d{1,5}))?$/.exec(dpsHost) ?? [];
  if (host === '') throw wrongCall(`--dps-host must be a host name, with a port if need be, got "${dpsHost}"`);
  return { host, port: port === undefined ? HTTPS_PORT : Number(port), idScope, groupKey };
}
