import type { Command } from 'commander';
import { isObject, type JsonObject, type TwinDocument } from '../../sdk/service-documents.ts';
import { wrongCall } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { readChange } from '../json-input.ts';
import { runOnTargets } from '../run-on-targets.ts';
import { renderChange } from '../sections.ts';
import { addTargetOptions, type Selection, takeTargets, type TargetOptions } from '../targets.ts';

export type TwinWriteOptions = TargetOptions & {
  /** `{tags?, properties?: {desired}}`, as the hub takes it. */
  readonly document: JsonObject;
  readonly ifMatch?: string;
  readonly module?: string;
  /** Merge into the sections, or put others in their place. */
  readonly how: 'patch' | 'replace';
};

type ParsedOptions = TargetOptions & { json?: string; ifMatch?: string; module?: string };

export function addTwinPatch(host: CommandHost): void {
  addTwinWrite(host, 'patch', [
    'hub-admin twin patch myDeviceId tags.location.region=US tags.location.plant=Redmond43 desired.power_level:=1',
    `hub-admin twin patch myDeviceId --json '{"tags": {"floor": 2}, "properties": {"desired": {"power_level": 1}}}'`,
  ]);
}

export function addTwinReplace(host: CommandHost): void {
  addTwinWrite(host, 'replace', [
    `hub-admin twin replace myDeviceId --json '{"tags": {"floor": 2}}'`,
    'hub-admin twin replace myDeviceId desired.power_level:=1 --dry-run',
  ]);
}

function addTwinWrite(host: CommandHost, how: 'patch' | 'replace', examples: readonly string[]): void {
  const usage = `<deviceId> <tags.path=text | desired.path:=json …>  [options]\n       hub-admin twin ${how} <deviceId> --json <object>  [options]`;
  addTargetOptions(addCommand(host, { words: `${how} [words...]`, usage, examples }), { writes: true })
    .option('--json <object>', '{"tags": …, "properties": {"desired": …}}: the text, @file, or - for stdin')
    .option('--if-match <etag>', 'only if the twin has this etag; * for whatever it has (default: the one it has now)')
    .option('--module <moduleId>', 'the twin of this module of the device')
    .action(async (words: string[], options: ParsedOptions, self: Command) => {
      const console = host.open(self);
      const { selection, rest } = takeTargets(words, options);
      const change = await readChange(console, { assignments: rest, json: options.json });
      await runTwinWrite(console, selection, { ...options, document: toDocument(change), how });
    });
}

/** Guarded: what somebody else writes between our reading and our writing is never overwritten unseen. */
export async function runTwinWrite(console: Console, selection: Selection, options: TwinWriteOptions): Promise<void> {
  const before = new Map<string, TwinDocument>();
  const { document, how, module } = options;
  await runOnTargets<TwinDocument>(console, selection, options, {
    verb: `twin ${how}`,
    run: async (deviceId) => {
      const client = await console.client();
      const now = await client.getTwin(deviceId, module);
      before.set(deviceId, now);
      const etag = options.ifMatch ?? now.etag;
      const twin =
        how === 'patch'
          ? await client.patchTwin(deviceId, document, etag, module)
          : await client.replaceTwin(deviceId, document, etag, module);
      return { record: twin };
    },
    plan: () => document,
    render: (twin) => renderSections(before.get(twin.deviceId), twin, document),
    columns: [{ title: 'etag', value: (twin) => twin.etag }],
    next: ({ deviceId }) => (module === undefined ? ['hub-admin', 'twin', 'diff', deviceId] : undefined),
  });
}

function renderSections(before: TwinDocument | undefined, twin: TwinDocument, document: JsonObject): string[] {
  const lines: string[] = [];
  if ('tags' in document) lines.push(...renderChange(`tags of "${twin.deviceId}"`, before?.tags ?? {}, twin.tags));
  if ('properties' in document) {
    const title = `desired properties of "${twin.deviceId}"`;
    lines.push(...renderChange(title, before?.properties.desired ?? {}, twin.properties.desired));
  }
  return lines;
}

/** `desired` is short for `properties.desired`; nothing else of a twin can be written from this side. */
function toDocument(change: JsonObject): JsonObject {
  const { tags, desired, properties, ...others } = change;
  const [other] = Object.keys(others);
  if (other !== undefined) throw cannotWrite(other);
  const inner = isObject(properties) ? Object.keys(properties).find((name) => name !== 'desired') : undefined;
  if (inner !== undefined) throw cannotWrite(`properties.${inner}`);
  if (desired !== undefined && properties !== undefined)
    throw wrongCall('desired is given twice, as desired and as properties.desired');
  return {
    ...(tags === undefined ? {} : { tags }),
    ...(properties === undefined ? {} : { properties }),
    ...(desired === undefined ? {} : { properties: { desired } }),
  };
}

function cannotWrite(name: string): Error {
  return wrongCall(
    `"${name}" of a twin cannot be written here`,
    'only tags and desired properties can: tags.location.region=US desired.power_level:=1',
  );
}
