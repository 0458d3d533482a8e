import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The built programs in a folder of their own, with none of the caller's settings. */
export class ProgramHome {
  readonly home = mkdtempSync(join(tmpdir(), 'tandem-bench-home-'));
  readonly #env: NodeJS.ProcessEnv;

  constructor() {
    const foreign = /^(IOTHUB_|EVENTHUB_|TANDEM_|NODE_OPTIONS$)/;
    const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
    this.#env = { ...Object.fromEntries(kept), TANDEM_HOME: this.home };
  }

  /** Starts a program of ours; node itself with `node`. */
  start(program: 'hub-admin' | 'sim-device' | 'node', args: readonly string[]): ChildProcess {
    const file = program === 'node' ? [] : [join(process.cwd(), 'bin', `${program}.js`)];
    return spawn(process.execPath, [...file, ...args], {
      env: this.#env,
      cwd: this.home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Runs a program to its end; its stdout. */
  async run(program: 'hub-admin' | 'sim-device' | 'node', args: readonly string[]): Promise<string> {
    const child = this.start(program, args);
    let out = '';
    let err = '';
    child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}: ${err}`);
    return out;
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Resolves at the first line of stdout that contains a text. */
export function sees(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes(text)) resolve();
    });
    child.stderr?.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    child.once('exit', (code) => reject(new Error(`the program ended with ${String(code)} before '${text}': ${seen}`)));
  });
}

export async function stop(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode !== null) return;
  child.kill('SIGINT');
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exited;
  clearTimeout(late);
}
