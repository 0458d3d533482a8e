import type { Command } from 'commander';
import type { DeviceIdentity } from '../../sdk/service-documents.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { IDENTITY_COLUMNS, identityCard, showIdentity } from '../identity-view.ts';
import { runOnTargets } from '../run-on-targets.ts';
import { addTargetOptions, type Selection, takeOnlyTargets, type TargetOptions } from '../targets.ts';

export type ShowOptions = TargetOptions & { readonly showKeys?: boolean };

export function addDeviceShow(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'show [words...]',
    usage: '<deviceId> | --where <condition> | --all | --devices-from <file>  [options]',
    examples: ['hub-admin device show myDeviceId', 'hub-admin device show myDeviceId --show-keys -o json'],
  });
  addTargetOptions(command, { writes: false })
    .option('--show-keys', 'show the keys instead of masking them')
    .action(async (words: string[], options: ShowOptions, self: Command) => {
      await runDeviceShow(host.open(self), takeOnlyTargets(words, options), options);
    });
}

export async function runDeviceShow(console: Console, selection: Selection, options: ShowOptions): Promise<void> {
  await runOnTargets<DeviceIdentity>(
    console,
    selection,
    { ...options, yes: true },
    {
      verb: 'device show',
      run: async (deviceId) => ({
        record: showIdentity(await (await console.client()).getDevice(deviceId), options.showKeys),
      }),
      render: (identity) => renderCard(identityCard(identity)),
      columns: IDENTITY_COLUMNS,
      secret: options.showKeys === true,
    },
  );
}
