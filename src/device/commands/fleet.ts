import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { addExamples, type Program, wholeNumber, wrongCall } from '../../terminal/index.ts';
import { indexesOf, readShard } from '../fleet/shard.ts';
import { type DevicePlan, Scenario } from '../scenario/scenario.ts';
import { addBehaviourOptions, type BehaviourOptions, overridesOf } from './behaviour-options.ts';
import { addCredentialOptions, type CredentialOptions, credentialsOf } from './credential-options.ts';
import { addHostOptions, hostFleet, type HostOptions } from './host-fleet.ts';
import { addSharedOptions, settingsOf } from './shared-options.ts';

interface FleetOptions extends HostOptions, CredentialOptions, BehaviourOptions {
  readonly count?: number;
  readonly prefix?: string;
  readonly start?: number;
  readonly shard?: string;
}

const LARGEST_FLEET = 1_000_000;

/** `sim-device fleet`. */
export function declareFleet(root: Command, program: Program): Command {
  const command = root.command('fleet').description('Run many simulated devices in one process.');
  command
    .addOption(
      new Option('--count <n>', 'how many devices the whole fleet has').argParser(
        wholeNumber('--count', { min: 1, max: LARGEST_FLEET }),
      ),
    )
    .option('--prefix <text>', 'device ids are this and the index (default: device-)')
    .addOption(
      new Option('--start <n>', 'the first index (default: 1)').argParser(wholeNumber('--start', { min: 0, max: 1e9 })),
    )
    .option(
      '--shard <i/n>',
      'run only one part of the fleet, such as 3/10; with n alone, i is JOB_COMPLETION_INDEX + 1',
    );
  addHostOptions(addCredentialOptions(command));
  addBehaviourOptions(addSharedOptions(command)).action((options: FleetOptions) => fleet(options, program));
  return addExamples(command, [
    'sim-device fleet --count 1000 --telemetry 10s',
    'sim-device fleet --count 50 --reboot-seconds 1 --connectivity wifi',
    'sim-device fleet --count 20 --scenario scenario.yaml --duration 3s -o ndjson > events.ndjson',
    'sim-device fleet --count 400 --prefix pump- --shard 3/10',
  ]);
}

/** Runs a fleet until it is stopped, its `--duration` is over, or all its devices have ended. */
export async function fleet(options: FleetOptions, program: Program): Promise<void> {
  const settings = settingsOf(options);
  const source = await credentialsOf(options, settings, program.signal);
  await hostFleet(
    { plans: await plansOf(options, source.listedIds), settings, credentials: source.credentials },
    options,
    program,
  );
}

/** The devices of this shard. */
async function plansOf(options: FleetOptions, filedIds: readonly string[] | undefined): Promise<DevicePlan[]> {
  const scenario = await Scenario.open(options.scenario, {
    seed: randomUUID(),
    overrides: overridesOf(options),
    ids: options.prefix === undefined ? undefined : `${options.prefix}\${index}`,
    start: options.start,
  });
  const count = options.count ?? scenario.document.devices?.count ?? (filedIds ?? scenario.listedIds)?.length;
  if (count === undefined)
    throw wrongCall('how many devices? --count is missing', 'for example: sim-device fleet --count 100');
  if (filedIds !== undefined && count > filedIds.length) {
    throw wrongCall(`--count is ${count}, but --devices-from names ${filedIds.length} devices`);
  }
  const indexes = indexesOf({ start: scenario.start, count }, readShard(options.shard, process.env));
  return indexes.map((index) => scenario.plan(index, filedIds?.[index - scenario.start]));
}
