import { type Command, Option } from 'commander';
import type { NewConfiguration } from '../../sdk/service-configurations.ts';
import type { JsonObject } from '../../sdk/service-documents.ts';
import { recordWriter, wholeNumber, wrongCall } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { configurationCard } from '../configuration-view.ts';
import { confirmOrRefuse } from '../confirm.ts';
import type { Console } from '../console.ts';
import { readChange, readJsonObject } from '../json-input.ts';

export interface ConfigurationCreateOptions {
  readonly id: string;
  readonly assignments: readonly string[];
  readonly json?: string;
  readonly content?: string;
  readonly where?: string;
  readonly all?: boolean;
  readonly priority?: number;
  readonly label?: readonly (readonly [string, string])[];
  readonly metric?: readonly (readonly [string, string])[];
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const MAX_PRIORITY = 2 ** 31 - 1;

export function addConfigurationCreate(host: CommandHost): void {
  addCommand(host, {
    words: 'create <configurationId> [assignments...]',
    examples: [
      `hub-admin configuration create redmond sendFrequency=5m --where "tags.location.plant = 'Redmond43'"`,
      `hub-admin configuration create winter --json '{"heating":{"max":23}}' --where "tags.floor = 1" --priority 10`,
      'hub-admin configuration create everywhere logLevel=warn --all --dry-run',
    ],
  })
    .option('--where <condition>', 'the target condition: devices that meet it (default: none, it targets nothing yet)')
    .option('--all', 'target every device of the hub')
    .option('--json <object>', 'the desired properties as JSON, @file or - for stdin, instead of assignments')
    .option(
      '--content <object>',
      'the whole content as JSON, @file or -: deviceContent, moduleContent or modulesContent with their paths',
    )
    .option(
      '--priority <n>',
      'the higher one wins where two set the same property, 0 or more (default: 0)',
      wholeNumber('--priority', { min: 0, max: MAX_PRIORITY }),
    )
    .addOption(pairs('--label <name=value>', 'a label; repeatable'))
    .addOption(pairs('--metric <name=query>', 'a query whose rows the hub counts; repeatable, up to 5'))
    .option('--dry-run', 'show what would be sent, send nothing')
    .option('--yes', 'do not ask')
    .action(
      async (
        id: string,
        assignments: string[],
        options: Omit<ConfigurationCreateOptions, 'id' | 'assignments'>,
        self: Command,
      ) => {
        await runConfigurationCreate(host.open(self), { ...options, id, assignments });
      },
    );
}

export async function runConfigurationCreate(console: Console, options: ConfigurationCreateOptions): Promise<void> {
  const configuration = await readConfiguration(console, options);
  if (options.dryRun === true) {
    await show(console, { dryRun: true, ...configuration }, renderCard({ ...configuration }));
    console.terminal.notice('Dry run: nothing was sent.');
    return;
  }
  if (options.all === true) await confirmOrRefuse(console, `configure every device of the hub`, options.yes);
  const configurations = await (await console.client()).configurations();
  const created = await configurations.create(configuration);
  await show(console, created, renderCard(configurationCard(created)));
  console.suggest(`hub-admin configuration show ${created.id}`);
}

async function readConfiguration(console: Console, options: ConfigurationCreateOptions): Promise<NewConfiguration> {
  const { id, where, all, priority = 0, label = [], metric = [] } = options;
  if (where !== undefined && all === true) throw wrongCall('only one of --where and --all can be given');
  return {
    id,
    targetCondition: all === true ? '*' : (where ?? ''),
    priority,
    labels: Object.fromEntries(label),
    metrics: Object.fromEntries(metric),
    content: await readContent(console, options),
  };
}

async function readContent(console: Console, options: ConfigurationCreateOptions): Promise<JsonObject> {
  const { assignments, json, content } = options;
  if (content === undefined) {
    return { deviceContent: { 'properties.desired': await readChange(console, { assignments, json }) } };
  }
  if (assignments.length > 0 || json !== undefined) {
    throw wrongCall('either --content or desired properties, not both', '--content is the whole of it');
  }
  return readJsonObject(console, '--content', content);
}

async function show(console: Console, record: object, lines: readonly string[]): Promise<void> {
  if (console.options.output === 'table') {
    await console.terminal.print(lines.join('\n'));
    return;
  }
  const writer = recordWriter<object>(console.terminal, { format: console.options.output, single: true });
  await writer.write(record);
  await writer.end();
}

function pairs(flags: string, description: string): Option {
  const name = flags.split(' ', 1)[0] ?? flags;
  return new Option(flags, description).argParser(
    (text: string, before: readonly (readonly [string, string])[] | undefined) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
      if (key === undefined || value === undefined)
        throw wrongCall(`${name} must be name=value, got ${JSON.stringify(text)}`);
      return [...(before ?? []), [key, value] as const];
    },
  );
}
