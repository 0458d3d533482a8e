import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Discovery, findRunningHub } from '../config/index.ts';
import { type ExitName, EXIT_CODES, ProgramError } from '../terminal/index.ts';
import type { HubStartOptions } from './commands/hub-start.ts';
import type { Console } from './console.ts';
import { openLocalClient } from './running-hub.ts';

const READY_TIMEOUT_MS = 20_000;
const POLL_MS = 50;

/**
 * Starts this same program once more as a hub of its own, away from this terminal, and waits until it answers.
 *
 * @throws ProgramError what the hub itself said when it did not come up
 */
export async function startDetached(console: Console, options: HubStartOptions): Promise<Discovery> {
  const home = console.settings().tandemHome;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const log = join(home, 'hub.log');
  const output = openSync(log, 'w', 0o600);
  const [, script = ''] = process.argv;
  const child = spawn(process.execPath, [script, 'hub', 'start', ...words(console, options)], {
    detached: true,
    stdio: ['ignore', 'ignore', output],
    // Where the hub's folder is may have come from a file; the child gets it straight.
    env: { ...console.env, TANDEM_HOME: home },
    cwd: console.cwd,
    windowsHide: true,
  });
  closeSync(output);
  try {
    const running = await Promise.race([ready(console, home, child), ended(child, log), late(console, log)]);
    child.unref();
    // What it had to say on the way: a port that was taken, an address that others can reach.
    for (const line of readLog(log).split('\n').filter(Boolean)) console.terminal.notice(line);
    return running;
  } catch (error) {
    child.kill();
    throw error;
  }
}

/** The same options as words; paths are made whole, because the child must not depend on where it runs. */
function words(console: Console, options: HubStartOptions): string[] {
  const ports = (['httpsPort', 'mqttPort', 'amqpPort'] as const).flatMap((name) => {
    const port = options[name];
    return port === undefined ? [] : [`--${name.replace('Port', '-port')}`, String(port)];
  });
  return [
    ...ports,
    ...(options.standardPorts === true ? ['--standard-ports'] : []),
    ...(options.inMemory === true ? ['--in-memory'] : []),
    ...(options.hostname ?? []).flatMap((name) => ['--hostname', name]),
    ...(options.listen ?? []).flatMap((address) => ['--listen', address]),
    ...(options.tier === undefined ? [] : ['--tier', options.tier]),
    ...(console.options.envFile === undefined ? [] : ['--env-file', resolve(console.cwd, console.options.envFile)]),
    ...(options.seed === undefined ? [] : ['--seed', resolve(console.cwd, options.seed)]),
  ];
}

async function ready(console: Console, home: string, child: ChildProcess): Promise<Discovery> {
  for (;;) {
    const running = await findRunningHub(home);
    // Somebody else's hub is not the one that was asked for: then the child ends by itself and says so.
    if (running !== undefined && running.pid === child.pid) {
      await checkHealth(console, running);
      return running;
    }
    await delay(POLL_MS, undefined, { signal: console.signal });
  }
}

/** One call over HTTPS, so that "ready" is what a client means by it. */
async function checkHealth(console: Console, running: Discovery): Promise<void> {
  await (await openLocalClient(console, running)).checkHealth();
}

async function ended(child: ChildProcess, log: string): Promise<never> {
  await once(child, 'exit');
  const exit = Object.entries(EXIT_CODES).find(([, code]) => code === child.exitCode)?.[0];
  const said = readLog(log);
  const message = /^error: (.*)$/m.exec(said)?.[1] ?? 'the local hub did not start';
  throw new ProgramError(isExitName(exit) ? exit : 'failed', 'HubNotStarted', message, {
    hint: said.replace(/^[\s\S]*?error: .*\n?/m, '').trim() || `see ${log}`,
  });
}

async function late(console: Console, log: string): Promise<never> {
  await delay(READY_TIMEOUT_MS, undefined, { signal: console.signal });
  throw new ProgramError(
    'timedOut',
    'HubNotStarted',
    `the local hub was not ready within ${READY_TIMEOUT_MS / 1000} s`,
    {
      hint: `see ${log}`,
    },
  );
}

function readLog(log: string): string {
  try {
    return readFileSync(log, 'utf8');
  } catch {
    return '';
  }
}

function isExitName(name: string | undefined): name is ExitName {
  return name !== undefined && name in EXIT_CODES && name !== 'done';
}
