import type { Command } from 'commander';
import type { NewJob } from '../../sdk/service-jobs.ts';
import { duration, json } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { MAX_METHOD_TIMEOUT_MS, MIN_METHOD_TIMEOUT_MS, readMethodWords } from '../direct-method.ts';
import { readChange } from '../json-input.ts';
import { addJobOptions, type JobOptions, scheduleJob, takeJobTarget, takeOnlyJobTarget } from '../jobs/schedule-job.ts';

type MethodJobOptions = JobOptions & {
  readonly payload?: unknown;
  readonly timeout?: number;
  readonly connectTimeout?: number;
};
type TwinJobOptions = JobOptions & { readonly json?: string };

const WHICH = '<deviceId> | --where <condition> | --all';

export function addJobReboot(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'reboot [words...]',
    usage: `${WHICH}  [options]`,
    examples: [
      `hub-admin job reboot --where "tags.location.plant = 'Redmond43'" --watch`,
      'hub-admin job reboot myDeviceId --at 30m',
    ],
  });
  addMethodOptions(command).action(async (words: string[], options: MethodJobOptions, self: Command) => {
    const target = takeOnlyJobTarget(words, options);
    const action = methodAction('rebootDevice', options.payload ?? null, options);
    await scheduleJob(host.open(self), { verb: 'reboot', target, options }, action);
  });
}

export function addJobInvoke(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'invoke [words...]',
    usage: `${WHICH} <method> [payload]  [options]`,
    examples: [
      `hub-admin job invoke --where "connectionState = 'Connected'" DeviceMethod '{"method_number":"42"}' --watch`,
    ],
  });
  addMethodOptions(command).action(async (words: string[], options: MethodJobOptions, self: Command) => {
    const { target, rest } = takeJobTarget(words, options);
    const { methodName, payload } = readMethodWords(rest, options.payload);
    await scheduleJob(host.open(self), { verb: 'invoke', target, options }, methodAction(methodName, payload, options));
  });
}

export function addJobTag(host: CommandHost): void {
  addTwinJob(host, {
    verb: 'tag',
    examples: [`hub-admin job tag --where "tags.location.plant = 'Redmond43'" season=winter --watch`],
    toTwin: (tags) => ({ tags }),
  });
}

export function addJobSetDesired(host: CommandHost): void {
  addTwinJob(host, {
    verb: 'set-desired',
    examples: [
      `hub-admin job set-desired --where "tags.location.plant = 'Redmond43'" configId=2 sendFrequency=5m --at 2030-01-31T22:00:00Z`,
    ],
    toTwin: (desired) => ({ properties: { desired } }),
  });
}

function addTwinJob(
  host: CommandHost,
  kind: { verb: string; examples: string[]; toTwin: (change: object) => Record<string, unknown> },
): void {
  const { verb, examples, toTwin } = kind;
  const usage = `${WHICH} <path=text | path:=json …>  [options]`;
  addJobOptions(addCommand(host, { words: `${verb} [words...]`, usage, examples }))
    .option('--json <object>', 'the change as JSON instead of assignments: the text, @file, or - for stdin')
    .action(async (words: string[], options: TwinJobOptions, self: Command) => {
      const console = host.open(self);
      const { target, rest } = takeJobTarget(words, options);
      const change = await readChange(console, { assignments: rest, json: options.json });
      const action = { type: 'scheduleUpdateTwin', updateTwin: toTwin(change) } as const;
      await scheduleJob(console, { verb, target, options }, action);
    });
}

function addMethodOptions(command: Command): Command {
  return addJobOptions(command)
    .option('--payload <json>', 'the payload of the direct method, JSON (default: null)', json('--payload'))
    .option(
      '--timeout <duration>',
      'how long each device has to answer, 5s to 300s (default: 30s)',
      duration('--timeout', { minMs: MIN_METHOD_TIMEOUT_MS, maxMs: MAX_METHOD_TIMEOUT_MS }),
    )
    .option(
      '--connect-timeout <duration>',
      'how long the hub waits for an offline device, 0s to 300s (default: 0s)',
      duration('--connect-timeout', { minMs: 0, maxMs: MAX_METHOD_TIMEOUT_MS }),
    );
}

function methodAction(methodName: string, payload: unknown, options: MethodJobOptions): NewJob['action'] {
  return {
    type: 'scheduleDeviceMethod',
    cloudToDeviceMethod: {
      methodName,
      payload,
      responseTimeoutInSeconds: Math.round((options.timeout ?? 30_000) / 1000),
      connectTimeoutInSeconds: Math.round((options.connectTimeout ?? 0) / 1000),
    },
  };
}
