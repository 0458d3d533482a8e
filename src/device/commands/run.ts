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
import { type FixedMethod, parseMethodOption } from '../behaviours/methods.ts';
import type { EventSink } from '../device-event.ts';
import { eventOutput } from '../event-output.ts';
import { HubSource } from '../hub-source.ts';
import { startOwnHub } from '../own-hub.ts';
import { seededRandom } from '../random.ts';
import { SimulatedDevice } from '../simulated-device.ts';
import { STANDARD_SETTINGS, standardBehaviours, type StandardSettings } from '../standard-behaviours.ts';
import { addSharedOptions, connectorSettingsOf, settingsOf, type SharedOptions } from './shared-options.ts';

interface RunOptions extends SharedOptions {
  readonly deviceId?: string;
  readonly rebootSeconds?: number;
  readonly rebootAnswer?: 'before' | 'after';
  readonly applySeconds?: number;
  readonly connectivity?: string;
  readonly method?: readonly FixedMethod[];
  readonly telemetry?: number;
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
  const { terminal } = program;
  const finished = new AbortController();
  const source = new HubSource({
    settings: settingsOf(options),
    deviceId: options.deviceId,
    create: options.create === true,
    startHub: () =>
      startOwnHub({
        home: settingsOf(options).tandemHome,
        notice: (line) => terminal.notice(line),
        onEnd: (cleanUp) => program.onEnd(cleanUp),
      }),
    notice: (line) => terminal.notice(line),
    signal: program.signal,
  });
  const [{ createConnector }, first] = await Promise.all([import('../../sdk/device-sdk.ts'), source.locate()]);
  const seed = randomUUID();
  const device = new SimulatedDevice({
    deviceId: first.connection.deviceId,
    locate: () => source.locate(),
    relocate: () => source.relocate(),
    connector: createConnector(connectorSettings),
    behaviours: standardBehaviours(standardSettingsOf(options), seed),
    events: counting(eventOutput(terminal, options.output), options.count, () => finished.abort()),
    random: seededRandom(seed),
  });
  if (options.duration !== undefined) setTimeout(() => finished.abort(), options.duration);
  await device.run(AbortSignal.any([program.signal, finished.signal]));
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

function standardSettingsOf(options: RunOptions): StandardSettings {
  const { rebootSeconds, rebootAnswer, applySeconds, connectivity, method, telemetry } = options;
  const defaults = STANDARD_SETTINGS;
  return {
    connectivity: connectivity === undefined ? defaults.connectivity : connectivityOf(connectivity),
    rebootMs: rebootSeconds === undefined ? defaults.rebootMs : rebootSeconds * 1000,
    rebootAnswer: rebootAnswer ?? defaults.rebootAnswer,
    applyMs: applySeconds === undefined ? defaults.applyMs : applySeconds * 1000,
    methods: method ?? defaults.methods,
    telemetryMs: telemetry ?? defaults.telemetryMs,
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
