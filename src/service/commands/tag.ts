import type { Command } from 'commander';
import type { JsonObject, TwinDocument } from '../../sdk/service-documents.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { readChange } from '../json-input.ts';
import { quoteConstant } from '../query-text.ts';
import { runOnTargets } from '../run-on-targets.ts';
import { leavesOf, renderChange } from '../sections.ts';
import { addTargetOptions, type Selection, takeTargets, type TargetOptions } from '../targets.ts';

export type TagOptions = TargetOptions & { readonly tags: JsonObject; readonly ifMatch?: string };

type ParsedOptions = TargetOptions & { json?: string; ifMatch?: string };

export function addTag(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'tag [words...]',
    usage:
      '<deviceId> <path=text | path:=json …>  [options]\n       hub-admin tag --where <condition> <path=text …>  [options]',
    examples: [
      'hub-admin tag myDeviceId location.region=US location.plant=Redmond43',
      'hub-admin tag myDeviceId installed:=2024 location.floor:=null',
      `hub-admin tag --where "connectionState = 'Disconnected'" attention:=true --dry-run`,
    ],
  });
  addTargetOptions(command, { writes: true })
    .option('--json <object>', 'the tags as JSON instead of assignments: the text, @file, or - for stdin')
    .option('--if-match <etag>', 'only if the twin still has this etag (default: whatever it has)')
    .action(async (words: string[], options: ParsedOptions, self: Command) => {
      const console = host.open(self);
      const { selection, rest } = takeTargets(words, options);
      const tags = await readChange(console, { assignments: rest, json: options.json });
      await runTag(console, selection, { ...options, tags });
    });
}

/** The query that finds the devices with the first of these tags. */
function queryFor(tags: JsonObject): string[] | undefined {
  const leaf = leavesOf(tags).find(({ value }) => value !== null && typeof value !== 'object');
  if (leaf === undefined) return undefined;
  const value = typeof leaf.value === 'string' ? quoteConstant(leaf.value) : JSON.stringify(leaf.value);
  return ['hub-admin', 'query', `tags.${leaf.path.join('.')} = ${value}`];
}

export async function runTag(console: Console, selection: Selection, options: TagOptions): Promise<void> {
  const before = new Map<string, TwinDocument>();
  await runOnTargets<TwinDocument>(console, selection, options, {
    verb: 'tag',
    run: async (deviceId) => {
      const client = await console.client();
      if (console.options.output === 'table') before.set(deviceId, await client.getTwin(deviceId));
      return { record: await client.patchTwin(deviceId, { tags: options.tags }, options.ifMatch ?? '*') };
    },
    plan: () => ({ tags: options.tags }),
    render: (twin) => renderChange(`tags of "${twin.deviceId}"`, before.get(twin.deviceId)?.tags ?? {}, twin.tags),
    columns: [{ title: 'tags', value: (twin) => twin.tags }],
    next: () => queryFor(options.tags),
  });
}
