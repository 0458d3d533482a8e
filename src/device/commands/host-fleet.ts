import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Settings } from '../../config/index.ts';
import { duration, type Program, ProgramError, type Terminal, wholeNumber } from '../../terminal/index.ts';
import { systemClock } from '../clock.ts';
import type { Credentials } from '../fleet/credentials.ts';
import { FleetCounters } from '../fleet/fleet-counters.ts';
import { FleetHub } from '../fleet/fleet-hub.ts';
import { FleetOutput } from '../fleet/fleet-output.ts';
import { runFleet } from '../fleet/fleet.ts';
import { Pace } from '../fleet/pace.ts';
import { serveMetrics } from '../fleet/prometheus.ts';
import { keepYoungGenerationSmall } from '../fleet/young-generation.ts';
import { startOwnHub } from '../own-hub.ts';
import type { DevicePlan } from '../scenario/scenario.ts';
import { connectorSettingsOf, type SharedOptions } from './shared-options.ts';

/** How many devices of one process live: the same for every command that runs more than one. */
export interface HostOptions extends SharedOptions {
  readonly connectRate: number;
  readonly metricsPort?: number;
  readonly duration?: number;
}

export interface HostedFleet {
  readonly plans: readonly DevicePlan[];
  readonly settings: Settings;
  /** undefined: from the hub's registry. */
  readonly credentials: Credentials | undefined;
  /** Aborted when the fleet has done what it is for; undefined for one that goes on. */
  readonly done?: AbortSignal;
}

const DAY_MS = 86_400_000;

export function addHostOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--connect-rate <n>', 'how many devices connect in a second, at the start and after a loss')
        .default(200)
        .argParser(wholeNumber('--connect-rate', { min: 1, max: 100_000 })),
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
}

/** Runs a fleet until it is stopped, its `--duration` is over, or all its devices have ended. */
export async function hostFleet(
  { plans, settings, credentials, done }: HostedFleet,
  options: HostOptions,
  program: Program,
): Promise<FleetCounters> {
  keepYoungGenerationSmall();
  const connectorSettings = connectorSettingsOf(options);
  const { terminal } = program;
  // A device's connection, and the other end of it when the hub is in this process.
  let filesPerDevice = 1;
  const counters = new FleetCounters(plans.length);
  const output = new FleetOutput(terminal, options.output, counters);
  const hub = new FleetHub({
    settings,
    devices: plans,
    credentials,
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
  if (done !== undefined) over.push(done);
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
  return counters;
}

/** A TLS handshake costs a millisecond or two on either side: more at once only makes each of them slower. */
const CONNECTING_AT_ONCE = 64;

/** A stopped program has little time: the summary does not wait for the last of ten thousand goodbyes. */
const GOODBYES_MS = 400;

async function stoppedFor(signal: AbortSignal, ms: number): Promise<void> {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await delay(ms);
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
