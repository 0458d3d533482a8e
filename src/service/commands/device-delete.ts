import type { Command } from 'commander';
import { changeDevices } from '../bulk.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { runOnTargets } from '../run-on-targets.ts';
import type { TargetOutcome } from '../target-outcome.ts';
import { addTargetOptions, type Selection, takeOnlyTargets, type TargetOptions } from '../targets.ts';

export type DeleteOptions = TargetOptions & { readonly ifMatch?: string };

export function addDeviceDelete(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'delete [words...]',
    usage: '<deviceId> | --where <condition> | --all | --devices-from <file>  [options]',
    examples: [
      'hub-admin device delete pump-2 --yes',
      'hub-admin device delete --where "tags.retired = true" --dry-run',
    ],
  });
  addTargetOptions(command, { writes: true })
    .option('--if-match <etag>', 'only if the identity has this etag (default: whatever it has)')
    .action(async (words: string[], options: DeleteOptions, self: Command) => {
      await runDeviceDelete(host.open(self), takeOnlyTargets(words, options), options);
    });
}

export async function runDeviceDelete(console: Console, selection: Selection, options: DeleteOptions): Promise<void> {
  await runOnTargets<Deletion>(console, selection, options, {
    verb: 'delete',
    run: async (deviceId) => {
      await (await console.client()).deleteDevice(deviceId, options.ifMatch ?? '*');
      return { record: { deviceId, deleted: true } };
    },
    // A request of several takes no common etag.
    ...(options.ifMatch === undefined ? { runBatch: (deviceIds) => deleteBatch(console, deviceIds) } : {}),
    plan: () => ({ deleted: false }),
    render: ({ deviceId }) => [`Deleted device "${deviceId}".`],
    columns: [],
    alwaysAsk: true,
  });
}

interface Deletion {
  readonly deviceId: string;
  readonly deleted: boolean;
}

async function deleteBatch(console: Console, deviceIds: readonly string[]): Promise<TargetOutcome<Deletion>[]> {
  const items = deviceIds.map((id) => ({ id }));
  const refused = await changeDevices(console, items, 'delete');
  return deviceIds.map((deviceId) => {
    const error = refused.get(deviceId);
    return error === undefined ? { deviceId, record: { deviceId, deleted: true } } : { deviceId, error };
  });
}
