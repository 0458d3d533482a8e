import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const BIN = join(import.meta.dirname, '..', '..', 'bin');
/** Nothing that a test waits for takes anywhere near so long: past it the test has failed, and says what it waited for. */
const PATIENCE_MS = 30_000;

export type ProgramName = 'sim-device' | 'hub-admin';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built programs, with settings and a TANDEM_HOME of the test's own; what still runs is ended with it. */
export class Programs implements AsyncDisposable {
  readonly home = mkdtempSync(join(tmpdir(), 'tandem-test-'));
  readonly #running = new Set<RunningProgram>();
  readonly env: NodeJS.ProcessEnv;

  /** @param env settings of the programs; the caller's own hub settings never reach them */
  constructor(env: NodeJS.ProcessEnv = {}) {
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(IOTHUB_|EVENTHUB_|TANDEM_|NODE_EXTRA_CA)/.test(name),
    );
    this.env = { ...Object.fromEntries(own), TANDEM_HOME: this.home, NO_COLOR: '1', ...env };
  }

  /** Starts a program that goes on running. */
  start(program: ProgramName, args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningProgram {
    const running = new RunningProgram(program, args, { cwd: this.home, env: { ...this.env, ...env } });
    this.#running.add(running);
    void running.ended.then(() => this.#running.delete(running));
    return running;
  }

  /** Runs a program to its end. */
  async run(
    program: ProgramName,
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; stdin?: string } = {},
  ): Promise<Ended> {
    const running = this.start(program, args, options.env);
    running.child.stdin?.end(options.stdin ?? '');
    return within(`${program} ${args.join(' ')} to end`, running.ended);
  }

  hubAdmin(...args: string[]): Promise<Ended> {
    return this.run('hub-admin', args);
  }

  /** Runs hub-admin with `-o json` and returns the one document that it prints; throws what it said when it failed. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the shape is what the caller asserts
  async hubAdminJson(...args: string[]): Promise<any> {
    const ended = await this.hubAdmin(...args, '-o', 'json');
    if (ended.code !== 0)
      throw new Error(`hub-admin ${args.join(' ')} ended with ${String(ended.code)}: ${ended.stderr}`);
    return JSON.parse(ended.stdout);
  }

  /** A hub in memory on free ports. */
  async startHub(...args: string[]): Promise<RunningProgram> {
    const ports = ['--https-port', '0', '--mqtt-port', '0', '--amqp-port', '0'];
    const hub = this.start('hub-admin', ['hub', '--in-memory', ...ports, ...args]);
    await hub.prints(/ready/);
    return hub;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of [...this.#running].reverse()) await running.interrupt();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** A program that was started: what it prints can be waited for. */
export class RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly name: string;
  #output = '';
  readonly #lines: string[] = [];
  #read = 0;
  readonly #watchers = new Set<() => void>();

  constructor(program: ProgramName, args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.name = `${program} ${args.join(' ')}`;
    this.child = spawn(process.execPath, [join(BIN, `${program}.js`), ...args], { ...options, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    this.child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code) => {
        resolve({ code, stdout, stderr });
        this.#look();
      });
    });
  }

  get output(): string {
    return this.#output;
  }

  /** Waits for a line, on either stream, behind those that were waited for before. */
  async prints(pattern: RegExp): Promise<string> {
    const found = new Promise<string>((resolve, reject) => {
      const look = (): void => {
        const at = this.#lines.findIndex((line, i) => i >= this.#read && pattern.test(line));
        if (at < 0 && this.child.exitCode === null && this.child.signalCode === null) return;
        this.#watchers.delete(look);
        if (at >= 0) this.#read = at + 1;
        if (at >= 0) resolve(this.#lines[at] ?? '');
        else reject(new Error(`${this.name} ended before it printed ${String(pattern)}:\n${this.#output}`));
      };
      this.#watchers.add(look);
      look();
    });
    return within(`${this.name} to print ${String(pattern)}`, found, () => this.#output);
  }

  /** Ctrl-C. */
  async interrupt(): Promise<Ended> {
    this.child.kill('SIGINT');
    return within(`${this.name} to end on Ctrl-C`, this.ended, () => this.#output).catch((error: unknown) => {
      this.child.kill('SIGKILL');
      throw error;
    });
  }

  async kill(): Promise<Ended> {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  #take(line: string): void {
    this.#lines.push(line);
    this.#output += `${line}\n`;
    this.#look();
  }

  #look(): void {
    for (const look of [...this.#watchers]) look();
  }
}

/** Waits, but not for ever: a test that hangs says what it waited for. */
export async function within<Result>(
  what: string,
  promise: Promise<Result>,
  more: () => string = () => '',
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PATIENCE_MS / 1000} s for ${what}\n${more()}`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
