import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import {
  addExamples,
  choice,
  duration,
  nearest,
  type Program,
  type ProgramError,
  wholeNumber,
  wrongCall,
} from '../../terminal/index.ts';
import type { Settings } from '../../config/index.ts';
import { type FixedMethod, parseMethodOption } from '../behaviours/methods.ts';
import type { EventSink } from '../device-event.ts';
import { eventOutput } from '../event-output.ts';
import { HubSource } from '../hub-source.ts';
import { startOwnHub } from '../own-hub.ts';
import { Scenario } from '../scenario/scenario.ts';
import { SimulatedDevice } from '../simulated-device.ts';
import type { StandardSettings } from '../standard-settings.ts';
import { addSharedOptions, connectorSettingsOf, settingsOf, type SharedOptions } from './shared-options.ts';

interface RunOptions extends SharedOptions {
  readonly deviceId?: string;
  readonly rebootSeconds?: number;
  readonly rebootAnswer?: 'before' | 'after';
  readonly applySeconds?: number;
  readonly connectivity?: string;
  readonly method?: readonly FixedMethod[];
  readonly telemetry?: number;
  readonly scenario?: string;
  readonly count?: number;
  readonly duration?: number;
}

const DAY_MS = 86_400_000;

/** `sim-device run`, the default command. */
export function declareRun(root: Command, program: Program): Command {
  const command = root
    .command('run', { isDefault: true })
    .description('Run one simulated device until it is stopped (the default command).')
    .option(
      '-d, --device-id <id>',
      'which device; with the local hub it is registered first (default: IOTHUB_DEVICE_ID, or myDeviceId)',
    );
  addSharedOptions(command)
    .addOption(seconds('--reboot-seconds <n>', 'how long a reboot takes, in seconds (default: 5)'))
    .addOption(
      new Option(
        '--reboot-answer <when>',
        'answer rebootDevice "before" the reboot or "after" it (default: before)',
      ).argParser(choice('--reboot-answer', ['before', 'after'])),
    )
    .addOption(seconds('--apply-seconds <n>', 'how long applying a configuration takes, in seconds (default: 2)'))
    .option('--connectivity <type>', 'reported at every connect: cellular, wifi, ethernet, … (default: cellular)')
    .addOption(
      new Option(
        '--method <name[:status|:none][=json]>',
        'one more direct method, its status (default 200; none: never answers) and answer; repeatable',
      ).argParser((text: string, before: readonly FixedMethod[] | undefined) => [
        ...(before ?? []),
        parseMethodOption(text),
      ]),
    )
    .addOption(
      new Option(
        '--telemetry <interval>',
        'send telemetry this often, such as 10s (default: off until a desired sendFrequency says so)',
      ).argParser(duration('--telemetry', { minMs: 100, maxMs: 366 * DAY_MS })),
    )
    .option(
      '--scenario <file>',
      'all of the above and more from a YAML or JSON file; flags win (see: sim-device scenario init)',
    )
    .addOption(
      new Option('--count <n>', 'stop after this many telemetry messages').argParser(
        wholeNumber('--count', { min: 1, max: 1e9 }),
      ),
    )
    .addOption(
      new Option('--duration <time>', 'stop after this time, such as 90s').argParser(
        duration('--duration', { minMs: 1, maxMs: 366 * DAY_MS }),
      ),
    )
    .allowExcessArguments()
    .action(async (options: RunOptions) => {
      // As the default command, run gets every word that is no command.
      const [word] = command.args;
      if (word !== undefined) throw unknownCommand(word, root);
      await run(options, program);
    });
  return addExamples(command, [
    'sim-device',
    'sim-device --device-id pump-1 --telemetry 10s',
    `sim-device -d pump-1 --method 'getLog={"lines":[]}' --method explode:500 --method silent:none`,
    'sim-device -d pump-1 --reboot-seconds 1 -o ndjson | jq -c "select(.event == \\"method\\")"',
  ]);
}

/** Runs one device until it is stopped, or has done its `--count` or `--duration`. */
export async function run(options: RunOptions, program: Program): Promise<void> {
  const connectorSettings = connectorSettingsOf(options);
  const settings = settingsOf(options);
  const { terminal } = program;
  const finished = new AbortController();
  const scenario = await Scenario.open(options.scenario, { seed: randomUUID(), overrides: overridesOf(options) });
  const source = new HubSource({
    settings,
    deviceId: options.deviceId ?? scenarioDeviceId(scenario, settings),
    create: options.create === true,
    tags: (deviceId) => scenario.plan(scenario.start, deviceId).tags,
    startHub: () =>
      startOwnHub({
        home: settings.tandemHome,
        notice: (line) => terminal.notice(line),
        onEnd: (cleanUp) => program.onEnd(cleanUp),
      }),
    notice: (line) => terminal.notice(line),
    signal: program.signal,
  });
  const [{ createConnector }, first] = await Promise.all([import('../../sdk/device-sdk.ts'), source.locate()]);
  const device = new SimulatedDevice({
    ...scenario.plan(scenario.start, first.connection.deviceId),
    locate: () => source.locate(),
    relocate: () => source.relocate(),
    connector: createConnector(connectorSettings),
    events: counting(eventOutput(terminal, options.output, options.verbose === true), options.count, () =>
      finished.abort(),
    ),
  });
  if (options.duration !== undefined) setTimeout(() => finished.abort(), options.duration);
  await device.run(AbortSignal.any([program.signal, finished.signal]));
}

/** The scenario's first device, where neither a flag nor a setting names one. */
function scenarioDeviceId(scenario: Scenario, settings: Settings): string | undefined {
  const isNamed = settings.deviceConnectionString !== undefined || settings.sources.deviceId !== 'default';
  const hasIds = scenario.document.devices?.ids !== undefined;
  return isNamed || !hasIds ? undefined : scenario.deviceId(scenario.start);
}

function unknownCommand(word: string, root: Command): ProgramError {
  const names = root.commands.map((each) => each.name());
  const near = nearest(word, names);
  return wrongCall(
    `there is no command "${word}"`,
    near === undefined
      ? `the commands are ${names.join(', ')}; a device id goes after --device-id`
      : `did you mean ${near}?`,
  );
}

/** What the flags say, and nothing else. */
function overridesOf(options: RunOptions): Partial<StandardSettings> {
  const { rebootSeconds, rebootAnswer, applySeconds, connectivity, method, telemetry } = options;
  return {
    ...(connectivity !== undefined && { connectivity: connectivityOf(connectivity) }),
    ...(rebootSeconds !== undefined && { rebootMs: rebootSeconds * 1000 }),
    ...(rebootAnswer !== undefined && { rebootAnswer }),
    ...(applySeconds !== undefined && { applyMs: applySeconds * 1000 }),
    ...(method !== undefined && { methods: method }),
    ...(telemetry !== undefined && { telemetryMs: telemetry }),
  };
}

function connectivityOf(text: string): string {
  if (text.trim() !== '' && text.length <= 100) return text;
  throw wrongCall(`--connectivity must be a text of 1 to 100 characters, got ${JSON.stringify(text)}`);
}

/** Seconds, fractions allowed; an hour is plenty for a simulation. */
function seconds(flags: string, description: string): Option {
  const name = flags.split(' ', 1)[0] ?? flags;
  return new Option(flags, description).argParser((text: string) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= 0 && value <= 3600) return value;
    throw wrongCall(`${name} must be a number of seconds from 0 to 3600, got ${JSON.stringify(text)}`);
  });
}

function counting(sink: EventSink, count: number | undefined, done: () => void): EventSink {
  let left = count ?? Infinity;
  return (event) => {
    sink(event);
    if (event.event === 'telemetry' && --left === 0) done();
  };
}
