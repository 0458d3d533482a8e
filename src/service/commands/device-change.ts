import type { Command } from 'commander';
import { type DeviceIdentity, type JsonObject, objectMember } from '../../sdk/service-documents.ts';
import { choice, ProgramError } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { newKey } from '../device-registration.ts';
import { IDENTITY_COLUMNS, identityCard, showIdentity } from '../identity-view.ts';
import { runOnTargets } from '../run-on-targets.ts';
import { addTargetOptions, type Selection, takeOnlyTargets, type TargetOptions } from '../targets.ts';

export type ChangeOptions = TargetOptions & { readonly ifMatch?: string; readonly showKeys?: boolean };

/** A change of an identity: what it does to the one that was read. */
interface IdentityChange {
  readonly verb: string;
  readonly apply: (identity: DeviceIdentity) => DeviceIdentity;
  readonly plan: JsonObject;
  readonly next: (identity: DeviceIdentity) => readonly string[];
}

const USAGE = '<deviceId> | --where <condition> | --all | --devices-from <file>  [options]';

export function addDeviceEnable(host: CommandHost): void {
  addStatusChange(host, 'enable', 'enabled');
}

export function addDeviceDisable(host: CommandHost): void {
  addStatusChange(host, 'disable', 'disabled');
}

export function addDeviceRenewKeys(host: CommandHost): void {
  const text = {
    words: 'renew-keys [words...]',
    usage: USAGE,
    examples: ['hub-admin device renew-keys pump-1 --key secondary', 'hub-admin device renew-keys pump-1 --show-keys'],
  };
  addChangeOptions(addCommand(host, text))
    .option(
      '--key <which>',
      'primary, secondary or both (default: both)',
      choice('--key', ['primary', 'secondary', 'both']),
    )
    .option('--show-keys', 'show the keys instead of masking them')
    .action(async (words: string[], options: ChangeOptions & { key?: WhichKeys }, self: Command) => {
      const which = options.key ?? 'both';
      const apply = (identity: DeviceIdentity): DeviceIdentity => withNewKeys(identity, which);
      const selection = takeOnlyTargets(words, options);
      await runChange(
        host.open(self),
        { selection, options },
        {
          verb: 'renew-keys',
          apply,
          plan: { newKeys: which },
          next: ({ deviceId }) => ['hub-admin', 'device', 'connection-string', deviceId],
        },
      );
    });
}

function addStatusChange(host: CommandHost, verb: string, status: string): void {
  const examples = [
    `hub-admin device ${verb} pump-1`,
    `hub-admin device ${verb} --where "tags.retired = true" --dry-run`,
  ];
  addChangeOptions(addCommand(host, { words: `${verb} [words...]`, usage: USAGE, examples }))
    .option('--reason <text>', 'why, kept as statusReason')
    .action(async (words: string[], options: ChangeOptions & { reason?: string }, self: Command) => {
      const change = { status, statusReason: options.reason ?? null };
      const apply = (identity: DeviceIdentity): DeviceIdentity => ({ ...identity, ...change });
      const selection = takeOnlyTargets(words, options);
      await runChange(
        host.open(self),
        { selection, options },
        {
          verb,
          apply,
          plan: change,
          next: ({ deviceId }) => ['hub-admin', 'device', 'show', deviceId],
        },
      );
    });
}

function addChangeOptions(command: Command): Command {
  return addTargetOptions(command, { writes: true }).option(
    '--if-match <etag>',
    'only if the identity has this etag (default: the one it has now)',
  );
}

/**
 * Reads, changes, and writes back under the etag: an identity that is written without its keys gets new ones (sdk-traps.md, 12).
 */
async function runChange(
  console: Console,
  { selection, options }: { selection: Selection; options: ChangeOptions },
  change: IdentityChange,
): Promise<void> {
  await runOnTargets<DeviceIdentity>(console, selection, options, {
    verb: change.verb,
    run: async (deviceId) => {
      const client = await console.client();
      const identity = await client.getDevice(deviceId);
      const updated = await client.updateDevice(change.apply(identity), options.ifMatch ?? identity.etag);
      return { record: showIdentity(updated, options.showKeys) };
    },
    plan: () => change.plan,
    render: (identity) => renderCard(identityCard(identity)),
    columns: IDENTITY_COLUMNS,
    next: change.next,
    secret: options.showKeys === true,
  });
}

type WhichKeys = 'primary' | 'secondary' | 'both';

function withNewKeys(identity: DeviceIdentity, which: WhichKeys): DeviceIdentity {
  const { authentication } = identity;
  if (authentication['type'] !== 'sas') {
    throw new ProgramError(
      'failed',
      'NoKeys',
      `device "${identity.deviceId}" has no keys: it signs in with a certificate`,
    );
  }
  const symmetricKey = {
    ...objectMember(authentication, 'symmetricKey'),
    ...(which === 'secondary' ? {} : { primaryKey: newKey() }),
    ...(which === 'primary' ? {} : { secondaryKey: newKey() }),
  };
  return { ...identity, authentication: { ...authentication, symmetricKey } };
}
