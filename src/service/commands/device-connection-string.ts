import type { Command } from 'commander';
import { choice } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { deviceConnectionString } from '../device-string.ts';
import { runOnTargets } from '../run-on-targets.ts';
import { addTargetOptions, type Selection, takeOnlyTargets, type TargetOptions } from '../targets.ts';

export type ConnectionStringOptions = TargetOptions & { readonly key?: 'primary' | 'secondary' };

export function addDeviceConnectionString(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'connection-string [words...]',
    usage: '<deviceId> | --where <condition> | --all | --devices-from <file>  [options]',
    examples: ['hub-admin device connection-string myDeviceId', 'hub-admin device connection-string --all -o csv'],
  });
  addTargetOptions(command, { writes: false })
    .option('--key <which>', 'primary or secondary (default: primary)', choice('--key', ['primary', 'secondary']))
    .action(async (words: string[], options: ConnectionStringOptions, self: Command) => {
      await runConnectionString(host.open(self), takeOnlyTargets(words, options), options);
    });
}

export async function runConnectionString(
  console: Console,
  selection: Selection,
  options: ConnectionStringOptions,
): Promise<void> {
  await runOnTargets<{ deviceId: string; connectionString: string }>(
    console,
    selection,
    { ...options, yes: true },
    {
      verb: 'connection-string',
      run: async (deviceId) => {
        const identity = await (await console.client()).getDevice(deviceId);
        const connectionString = deviceConnectionString(await console.hub(), identity, options.key);
        return { record: { deviceId, connectionString } };
      },
      render: ({ connectionString }) => [connectionString],
      columns: [{ title: 'connectionString', value: (record) => record.connectionString }],
      secret: true,
    },
  );
}
