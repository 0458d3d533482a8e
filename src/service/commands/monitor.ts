import { type Command, Option } from 'commander';
import type { AmqpProtocol } from '../../sdk/cloud-to-device-sdk.ts';
import { choice, duration } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { type Kind, KINDS } from '../monitor/entry.ts';
import { addStreamOptions, refuseJsonOnStream, type StreamOptions } from '../streams.ts';
import { protocolOption } from './send.ts';

type ParsedOptions = StreamOptions & {
  readonly kind?: readonly Kind[];
  readonly where?: string;
  readonly since?: number;
  readonly until?: string;
  readonly record?: string;
  readonly consumerGroup: string;
  readonly protocol?: AmqpProtocol;
};

/** Feedback only when it is asked for: reading it takes it away from the back end that waits for it. */
const DEFAULT_KINDS: readonly Kind[] = KINDS.filter((kind) => kind !== 'feedback');
const WORDS = [...KINDS, 'all'] as const;
const DAY_MS = 86_400_000;

export function addMonitor(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'monitor [deviceId]',
    examples: [
      'hub-admin monitor --duration 2s',
      'hub-admin monitor myDeviceId --since 10m --duration 2s -o ndjson',
      'hub-admin monitor --kind twin --kind connection --duration 2s',
      `hub-admin monitor --where "tags.location.plant = 'Redmond43'" --duration 2s`,
      `hub-admin monitor myDeviceId --until "properties.reported.status = 'Success'" --duration 1m`,
      'hub-admin monitor --kind telemetry --record telemetry.ndjson --duration 2s',
    ],
  });
  command
    .addOption(
      new Option(
        '--kind <kind>',
        `what to show: ${WORDS.join(', ')}; repeatable (default: all but feedback, which is taken out of the hub's queue)`,
      ).argParser((text: string, before: readonly Kind[] | undefined) => [...(before ?? []), ...readKinds(text)]),
    )
    .option('--where <condition>', 'only devices that meet an IoT Hub condition')
    .option(
      '--since <duration>',
      'begin so far back, 1s to 7d (default: now)',
      duration('--since', { minMs: 1000, maxMs: 7 * DAY_MS }),
    )
    .option(
      '--until <condition>',
      'end with 0 once the device meets an IoT Hub condition, with 6 when --duration ends first',
    )
    .option('--record <file>', 'write what is shown into a file, which sim-device replay sends again')
    .option('--consumer-group <name>', 'read as this consumer group', '$Default')
    .addOption(protocolOption());
  addStreamOptions(command).action(async (deviceId: string | undefined, options: ParsedOptions, self: Command) => {
    const console = host.open(self);
    refuseJsonOnStream(console, 'monitor');
    const { runMonitor } = await import('../monitor/run-monitor.ts');
    await runMonitor(console, { ...options, deviceId, kinds: options.kind ?? DEFAULT_KINDS });
  });
}

function readKinds(text: string): readonly Kind[] {
  return text.split(',').flatMap((word) => {
    const kind = choice('--kind', WORDS)(word.trim());
    return kind === 'all' ? KINDS : [kind];
  });
}
