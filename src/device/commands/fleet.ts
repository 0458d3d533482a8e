import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { findDeviceHub, type DeviceConnectionString, type Settings } from '../../config/index.ts';
import {
  addExamples,
  duration,
  type Program,
  ProgramError,
  type Terminal,
  wholeNumber,
  wrongCall,
} from '../../terminal/index.ts';
import { systemClock } from '../clock.ts';
import { readDeviceFile } from '../fleet/device-file.ts';
import { FleetCounters } from '../fleet/fleet-counters.ts';
import { FleetHub } from '../fleet/fleet-hub.ts';
import { FleetOutput } from '../fleet/fleet-output.ts';
import { runFleet } from '../fleet/fleet.ts';
import { serveMetrics } from '../fleet/prometheus.ts';
import { Pace } from '../fleet/pace.ts';
import { indexesOf, readShard } from '../fleet/shard.ts';
import { startOwnHub } from '../own-hub.ts';
import { type DevicePlan, Scenario } from '../scenario/scenario.ts';
import { addBehaviourOptions, type BehaviourOptions, overridesOf } from './behaviour-options.ts';
import { addSharedOptions, connectorSettingsOf, settingsOf, type SharedOptions } from './shared-options.ts';

interface FleetOptions extends SharedOptions, BehaviourOptions {
  readonly count?: number;
  readonly prefix?: string;
  readonly start?: number;
  readonly shard?: string;
  readonly connectRate: number;
  readonly devicesFrom?: string;
  readonly metricsPort?: number;
  readonly duration?: number;
}

const DAY_MS = 86_400_000;
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
    )
    .addOption(
      new Option('--connect-rate <n>', 'how many devices connect in a second, at the start and after a loss')
        .default(200)
        .argParser(wholeNumber('--connect-rate', { min: 1, max: 100_000 })),
    )
    .option(
      '--devices-from <file>',
      'credentials: one device connection string a line, or an identity export in NDJSON or JSON',
    )
    .addOption(
      new Option('--duration <time>', 'stop after this time, such as 5m').argParser(
        duration('--duration', { minMs: 1, maxMs: 366 * DAY_MS }),
      ),
    )
    .addOption(
      new Option('--metrics-port <port>', 'serve Prometheus metrics at /metrics; 0 is any free port').argParser(
        wholeNumber('--metrics-port', { min: 0, max: 65_535 }),
      ),
    );
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
  const connectorSettings = connectorSettingsOf(options);
  const settings = settingsOf(options);
  const { terminal } = program;
  const listed = options.devicesFrom === undefined ? undefined : await listedDevices(options.devicesFrom, settings);
  const plans = await plansOf(options, listed);
  // A device's connection, and the other end of it when the hub is in this process.
  let filesPerDevice = 1;
  const counters = new FleetCounters(plans.length);
  const output = new FleetOutput(terminal, options.output, counters);
  const hub = new FleetHub({
    settings,
    devices: plans,
    connections: listed && new Map(listed.map((connection) => [connection.deviceId, connection])),
    create: options.create === true,
    startHub: () => {
      filesPerDevice = 2;
      return startOwnHub({
        home: settings.tandemHome,
        notice: (line) => terminal.notice(line),
        onEnd: (cleanUp) => program.onEnd(cleanUp),
      });
    },
    notice: (line) => terminal.notice(line),
    progress: (done, total) => output.registered(done, total),
    signal: program.signal,
    clock: systemClock,
  });
  await hub.prepare();
  warnOfOpenFiles(plans.length * filesPerDevice, terminal);
  if (options.metricsPort !== undefined) {
    const metrics = await serveMetrics(counters, options.metricsPort);
    program.onEnd(() => metrics.close());
    terminal.notice(`metrics on http://localhost:${metrics.port}/metrics`);
  }
  const { createConnector } = await import('../../sdk/device-sdk.ts');
  const over = options.duration === undefined ? [] : [AbortSignal.timeout(options.duration)];
  output.start();
  const running = runFleet(
    {
      plans,
      hub,
      connector: createConnector(connectorSettings),
      counters,
      events: (event) => output.event(event),
      pace: new Pace({ perSecond: options.connectRate, atOnce: CONNECTING_AT_ONCE }, systemClock),
      ended: (deviceId, error) => output.ended(deviceId, error),
    },
    AbortSignal.any([program.signal, ...over]),
  );
  await Promise.race([running, stoppedFor(program.signal, GOODBYES_MS)]);
  await output.finish();
  endAs(counters, output);
}

/** A TLS handshake costs a millisecond or two on either side: more at once only makes each of them slower. */
const CONNECTING_AT_ONCE = 64;

/** A stopped program has little time: the summary does not wait for the last of ten thousand goodbyes. */
const GOODBYES_MS = 400;

async function stoppedFor(signal: AbortSignal, ms: number): Promise<void> {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await delay(ms);
}

/** The devices of this shard. */
async function plansOf(
  options: FleetOptions,
  listed: readonly DeviceConnectionString[] | undefined,
): Promise<DevicePlan[]> {
  const scenario = await Scenario.open(options.scenario, {
    seed: randomUUID(),
    overrides: overridesOf(options),
    ids: options.prefix === undefined ? undefined : `${options.prefix}\${index}`,
    start: options.start,
  });
  const listedIds = listed ?? scenario.listedIds;
  const count = options.count ?? scenario.document.devices?.count ?? listedIds?.length;
  if (count === undefined)
    throw wrongCall('how many devices? --count is missing', 'for example: sim-device fleet --count 100');
  if (listed !== undefined && count > listed.length) {
    throw wrongCall(`--count is ${count}, but --devices-from names ${listed.length} devices`);
  }
  const indexes = indexesOf({ start: scenario.start, count }, readShard(options.shard, process.env));
  return indexes.map((index) => scenario.plan(index, listed?.[index - scenario.start]?.deviceId));
}

/** An identity export does not name its hub: it is the one that is configured. */
async function listedDevices(file: string, settings: Settings): Promise<DeviceConnectionString[]> {
  const choice = await findDeviceHub(settings);
  return readDeviceFile(file, choice.kind === 'service' ? choice.hub.connection.hostName : undefined);
}

/** Only Linux tells the limit. */
function warnOfOpenFiles(connections: number, terminal: Terminal): void {
  const needed = connections + 200;
  if (process.platform !== 'linux') return;
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  if (limit === undefined || Number(limit) >= needed) return;
  terminal.notice(`warning: this process may open ${limit} files, and this fleet needs ${needed}: ulimit -n ${needed}`);
}

function endAs(counters: FleetCounters, output: FleetOutput): void {
  if (counters.ended === 0) return;
  const [reason] = output.endings;
  if (counters.ended === counters.devices && reason instanceof ProgramError) throw reason;
  throw new ProgramError(
    'someFailed',
    'SomeDevicesEnded',
    `${counters.ended} of ${counters.devices} devices ended: ${reason?.message ?? ''}`,
  );
}
