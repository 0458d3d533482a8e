import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { DEFAULT_DEVICE_ID } from '../../config/index.ts';
import { ProgramError, wrongCall } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { hubEnvironment } from '../local-environment.ts';
import { openLocalClient } from '../running-hub.ts';

export interface HubExecOptions {
  readonly command: readonly string[];
  readonly seed?: string;
}

export function addHubExec(host: CommandHost): void {
  addCommand(host, {
    words: 'exec [command...]',
    usage: '[--seed <file>] -- <command…>',
    examples: [
      'hub-admin hub exec -- hub-admin device create pump-1',
      'hub-admin hub exec -- sh -c "hub-admin device create pump-1 && hub-admin query"',
    ],
  })
    .option('--seed <file>', 'devices, tags, desired properties and keys to begin with, YAML or JSON')
    .action(async (command: string[], options: { seed?: string }, self: Command) => {
      if (command.length === 0) throw wrongCall('no command to run', 'hub-admin hub exec -- <command…>');
      await runHubExec(host.open(self), { ...options, command });
    });
}

export async function runHubExec(console: Console, options: HubExecOptions): Promise<void> {
  const { startLocalHub } = await import('../../local-hub/index.ts');
  const home = await mkdtemp(join(tmpdir(), 'tandem-'));
  console.onEnd(() => rm(home, { recursive: true, force: true }));
  const hub = await startLocalHub({
    home,
    httpsPort: 0,
    mqttPort: 0,
    amqpPort: 0,
    inMemory: true,
    seedFile: options.seed,
    notice: (line) => console.explain(line),
  });
  console.onEnd(() => hub.close());
  const client = await openLocalClient(console, hub.discovery);
  const deviceId = DEFAULT_DEVICE_ID;
  const own = await hubEnvironment({ home, running: hub.discovery, client, deviceId, env: console.env });
  console.endWith(await runChild(console, options.command, { ...withoutHubs(console.env), ...own, TANDEM_HOME: home }));
}

/** Nothing of the user's own hubs reaches the command, by whatever name. */
function withoutHubs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { IOTHUB_SERVICE_CONNECTION_STRING: _alias, IOTHUB_DEVICE_ID: _device, ...rest } = env;
  return rest;
}

/** @returns the command's exit code; 128 and its number when a signal ended it, as shells do */
async function runChild(console: Console, command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [program = '', ...words] = command;
  // Windows starts npm and its like (.cmd files) only through a shell (sdk-traps.md, 18).
  const shell = process.platform === 'win32';
  const child = spawn(program, words, { env, cwd: console.cwd, stdio: 'inherit', shell });
  console.signal.addEventListener('abort', () => forward(child, console.signal), { once: true });
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(cannotStart(program, error)));
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

/** Ctrl-C reaches the whole group by itself; a SIGTERM reaches only us. */
function forward(child: ChildProcess, signal: AbortSignal): void {
  const reason: unknown = signal.reason;
  const exitCode: unknown = reason instanceof Error ? Reflect.get(reason, 'exitCode') : undefined;
  child.kill(exitCode === 130 ? 'SIGINT' : 'SIGTERM');
}

function cannotStart(program: string, error: Error): ProgramError {
  return new ProgramError('wrongCall', 'CommandNotFound', `cannot start "${program}": ${error.message}`, {
    hint: 'check its name and PATH',
    cause: error,
  });
}
