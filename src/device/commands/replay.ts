import { type Command, Option } from 'commander';
import { addExamples, formatDuration, type Program, ProgramError, wrongCall } from '../../terminal/index.ts';
import { createCommands } from '../behaviours/commands.ts';
import { systemClock } from '../clock.ts';
import { Conductor } from '../replay/conductor.ts';
import { readRecording, type Recording } from '../replay/recording.ts';
import { createReplay } from '../replay/replay-behaviour.ts';
import { type DevicePlan, Scenario } from '../scenario/scenario.ts';
import { addCredentialOptions, type CredentialOptions, credentialsOf } from './credential-options.ts';
import { addHostOptions, hostFleet, type HostOptions } from './host-fleet.ts';
import { addSharedOptions, settingsOf } from './shared-options.ts';

interface ReplayOptions extends HostOptions, CredentialOptions {
  readonly speed: number;
  readonly deviceId?: string;
}

/** `sim-device replay`. */
export function declareReplay(root: Command, program: Program): Command {
  const command = root
    .command('replay')
    .description('Send a recording of hub-admin monitor again: the same messages, from the same devices, as they came.')
    .argument('<file>', 'what hub-admin monitor --record wrote; "-" is stdin')
    .addOption(
      new Option('--speed <factor>', 'how many times faster than recorded, such as 10x, 0.5x, or max')
        .default(1, '1x')
        .argParser(readSpeed),
    )
    .option('-d, --device-id <id>', 'send all of it as this device, whichever sent it then');
  addSharedOptions(addHostOptions(addCredentialOptions(command))).action((file: string, options: ReplayOptions) =>
    replay(file, options, program),
  );
  return addExamples(command, [
    'sim-device replay recording.ndjson',
    'sim-device replay recording.ndjson --speed 10x -o ndjson',
    'sim-device replay recording.ndjson --speed max --device-id pump-7',
  ]);
}

/**
 * Sends a recording until all of it is sent.
 *
 * @throws ProgramError `someFailed` when messages could not be sent
 */
export async function replay(file: string, options: ReplayOptions, program: Program): Promise<void> {
  const recording = readRecording(file, options.deviceId);
  const settings = settingsOf(options);
  const { credentials } = await credentialsOf(options, settings, program.signal);
  program.terminal.notice(announcement(recording, options.speed));
  const conductor = new Conductor(recording.devices.keys(), recording.messages, systemClock);
  const plans = plansOf(recording, options.speed, conductor);
  await hostFleet({ plans, settings, credentials, done: conductor.done }, options, program);
  if (conductor.unsent === 0) return;
  throw new ProgramError(
    'someFailed',
    'MessagesNotSent',
    `${conductor.sent} of ${recording.messages} messages were sent, ${conductor.unsent} were not`,
    { hint: 'see why with: -o ndjson' },
  );
}

/** The devices send the recording and report nothing of their own: their twins stay as they are. */
function plansOf({ devices }: Recording, speed: number, conductor: Conductor): DevicePlan[] {
  const scenario = Scenario.of({}, { seed: 'replay', overrides: {} });
  return [...devices].map(([deviceId, messages], at) => {
    const plan = scenario.plan(at + 1, deviceId);
    const sending = createReplay({ deviceId, messages, speed, conductor });
    return { ...plan, behaviours: [createCommands(), sending] };
  });
}

function announcement({ messages, devices, lengthMs, passedOver }: Recording, speed: number): string {
  const took = Number.isFinite(speed) ? `, takes ${formatDuration(lengthMs / speed)}` : '';
  const rest = passedOver === 0 ? '' : `; ${passedOver} records that are no telemetry of a device are passed over`;
  return `replaying ${messages} messages of ${devices.size} devices${took}${rest}`;
}

function readSpeed(text: string): number {
  if (text === 'max') return Infinity;
  const speed = /^\d+(\.\d+)?x?$/.test(text) ? parseFloat(text) : NaN;
  if (speed > 0 && speed <= 100_000) return speed;
  throw wrongCall(`--speed must be a factor from 0.001x to 100000x, or max, got ${JSON.stringify(text)}`);
}
