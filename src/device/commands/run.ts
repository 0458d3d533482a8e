import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import {
  addExamples,
  duration,
  nearest,
  type Program,
  type ProgramError,
  wholeNumber,
  wrongCall,
} from '../../terminal/index.ts';
import type { Settings } from '../../config/index.ts';
import type { EventSink } from '../device-event.ts';
import { eventOutput } from '../event-output.ts';
import { HubSource } from '../hub-source.ts';
import { startOwnHub } from '../own-hub.ts';
import { Scenario } from '../scenario/scenario.ts';
import { SimulatedDevice } from '../simulated-device.ts';
import { addBehaviourOptions, type BehaviourOptions, overridesOf } from './behaviour-options.ts';
import { addSharedOptions, connectorSettingsOf, settingsOf, type SharedOptions } from './shared-options.ts';

interface RunOptions extends SharedOptions, BehaviourOptions {
  readonly deviceId?: string;
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
  addBehaviourOptions(addSharedOptions(command))
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

function counting(sink: EventSink, count: number | undefined, done: () => void): EventSink {
  let left = count ?? Infinity;
  return (event) => {
    sink(event);
    if (event.event === 'telemetry' && --left === 0) done();
  };
}
