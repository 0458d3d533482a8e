import type { Command } from 'commander';
import type { TwinDocument } from '../../sdk/service-documents.ts';
import { printable } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { runOnTargets } from '../run-on-targets.ts';
import { valuesOf } from '../sections.ts';
import { addTargetOptions, type Selection, takeOnlyTargets, type TargetOptions } from '../targets.ts';

export type TwinShowOptions = TargetOptions & { readonly module?: string };

export function addTwinShow(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'show [words...]',
    usage: '<deviceId> | --where <condition> | --all | --devices-from <file>  [options]',
    examples: [
      'hub-admin twin show myDeviceId',
      'hub-admin twin show myDeviceId -o json',
      'hub-admin twin show myDeviceId --module camera',
    ],
  });
  addTargetOptions(command, { writes: false })
    .option('--module <moduleId>', 'the twin of this module of the device')
    .action(async (words: string[], options: TwinShowOptions, self: Command) => {
      await runTwinShow(host.open(self), takeOnlyTargets(words, options), options);
    });
}

export async function runTwinShow(console: Console, selection: Selection, options: TwinShowOptions): Promise<void> {
  // Nothing is written, so there is nothing to ask about, with --all either.
  await runOnTargets<TwinDocument>(
    console,
    selection,
    { ...options, yes: true },
    {
      verb: 'twin show',
      next: ({ deviceId }) => (options.module === undefined ? ['hub-admin', 'twin', 'diff', deviceId] : undefined),
      run: async (deviceId) => ({ record: await (await console.client()).getTwin(deviceId, options.module) }),
      render: (twin) => JSON.stringify(twin, null, 2).split('\n').map(printable),
      columns: [
        { title: 'tags', value: (twin) => twin.tags },
        { title: 'desired', value: (twin) => valuesOf(twin.properties.desired) },
        { title: 'reported', value: (twin) => valuesOf(twin.properties.reported) },
      ],
    },
  );
}
