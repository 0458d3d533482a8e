import { type Command, Option } from 'commander';
import { choice, duration, wrongCall } from '../../terminal/index.ts';
import { type FixedMethod, parseMethodOption } from '../behaviours/methods.ts';
import type { StandardSettings } from '../standard-settings.ts';

/** What the devices do: the same flags for one device and for a fleet; they win over the scenario. */
export interface BehaviourOptions {
  readonly rebootSeconds?: number;
  readonly rebootAnswer?: 'before' | 'after';
  readonly applySeconds?: number;
  readonly connectivity?: string;
  readonly method?: readonly FixedMethod[];
  readonly telemetry?: number;
  readonly scenario?: string;
}

const DAY_MS = 86_400_000;

export function addBehaviourOptions(command: Command): Command {
  return command
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
    );
}

/** What the flags say, and nothing else. */
export function overridesOf(options: BehaviourOptions): Partial<StandardSettings> {
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
