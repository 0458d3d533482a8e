import type { Command } from 'commander';
import { duration, json } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import {
  callMethod,
  MAX_METHOD_TIMEOUT_MS,
  methodFailure,
  MIN_METHOD_TIMEOUT_MS,
  readMethodWords,
} from '../direct-method.ts';
import { runOnTargets, type TargetResult } from '../run-on-targets.ts';
import { addTargetOptions, type Selection, takeTargets, type TargetOptions } from '../targets.ts';

export type InvokeOptions = TargetOptions & {
  readonly methodName: string;
  readonly payload: unknown;
  readonly timeout: number;
  readonly connectTimeout: number;
  readonly module?: string;
};

interface Invocation {
  deviceId: string;
  moduleId?: string;
  methodName: string;
  request: unknown;
  status: number;
  payload: unknown;
}

type ParsedOptions = Omit<InvokeOptions, 'methodName' | 'timeout' | 'connectTimeout'> & {
  timeout?: number;
  connectTimeout?: number;
};

export function addInvoke(host: CommandHost): void {
  const command = addCommand(host, {
    words: 'invoke [words...]',
    usage:
      '<deviceId> <method> [payload]  [options]\n       hub-admin invoke --where <condition> <method> [payload]  [options]',
    examples: [
      `hub-admin invoke myDeviceId DeviceMethod '{"method_number":"42"}'`,
      'hub-admin invoke myDeviceId DeviceMethod --timeout 10s -o json',
      `hub-admin invoke --where "connectionState = 'Connected'" DeviceMethod '{"method_number":"42"}'`,
    ],
  });
  addTargetOptions(command, { writes: true })
    .option('--payload <json>', 'the payload, JSON (default: null), instead of the last word', json('--payload'))
    .option(
      '--timeout <duration>',
      'how long the device has to answer, 5s to 300s (default: 30s)',
      duration('--timeout', { minMs: MIN_METHOD_TIMEOUT_MS, maxMs: MAX_METHOD_TIMEOUT_MS }),
    )
    .option(
      '--connect-timeout <duration>',
      'how long the hub waits for an offline device, 0s to 300s (default: 0s)',
      duration('--connect-timeout', { minMs: 0, maxMs: MAX_METHOD_TIMEOUT_MS }),
    )
    .option('--module <moduleId>', 'a module of the device instead of the device itself')
    .action(async (words: string[], options: ParsedOptions, self: Command) => {
      const { selection, rest } = takeTargets(words, options);
      await runInvoke(host.open(self), selection, {
        ...options,
        ...readMethodWords(rest, options.payload),
        timeout: options.timeout ?? 30_000,
        connectTimeout: options.connectTimeout ?? 0,
      });
    });
}

export async function runInvoke(console: Console, selection: Selection, options: InvokeOptions): Promise<void> {
  const { methodName, payload } = options;
  await runOnTargets<Invocation>(console, selection, options, {
    verb: 'invoke',
    run: (deviceId) => invoke(console, deviceId, options),
    plan: () => ({ methodName, request: payload }),
    render: (record) => renderCard({ ...record }),
    columns: [
      { title: 'status', value: (record) => record.status },
      { title: 'payload', value: (record) => record.payload },
    ],
    next: ({ deviceId }) => ['hub-admin', 'monitor', deviceId],
  });
}

async function invoke(console: Console, deviceId: string, options: InvokeOptions): Promise<TargetResult<Invocation>> {
  const { methodName, payload, module: moduleId } = options;
  const answer = await callMethod(console, {
    deviceId,
    moduleId,
    methodName,
    payload,
    timeoutMs: options.timeout,
    connectTimeoutMs: options.connectTimeout,
  });
  const failure = methodFailure({ deviceId, methodName }, answer);
  const record = {
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    methodName,
    request: payload,
    status: answer.status,
    payload: answer.payload,
  };
  return failure === undefined ? { record } : { record, failure };
}
