/** Where the stories play: a local hub in a folder and on ports of its own, commands shown as a person types them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const BIN = join(import.meta.dirname, '..', '..', 'bin');

/** Nothing of the caller's settings reaches the stories: they never touch a hub that is not their own. */
const FOREIGN_SETTINGS = /^(IOTHUB_|EVENTHUB_|TANDEM_HOME$)/;

/** How long anything that is waited for may take before the stories count as failed. */
const PATIENCE_MS = 30_000;

export class Stage {
  #home = mkdtempSync(join(tmpdir(), 'tandem-stories-'));
  #env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN_SETTINGS.test(name))),
    TANDEM_HOME: this.#home,
    ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
  };
  #running = new Set();

  /** Runs a command to its end and shows it with its output. Fails unless it ends with the expected code. */
  async run(program, args, { exit = 0 } = {}) {
    say(`$ ${commandLine(program, args)}`);
    const child = this.#spawn(program, args);
    child.stdout.pipe(process.stdout, { end: false });
    child.stderr.pipe(process.stdout, { end: false });
    const code = await within(PATIENCE_MS, `${program} ${args[0]} did not end`, ended(child));
    if (exit !== 0) say(`(exit code ${code})`);
    say();
    if (code !== exit) throw new Error(`${commandLine(program, args)} ended with ${code} instead of ${exit}`);
  }

  /** Starts a program that keeps running; its lines are shown behind a label. */
  start(program, args, label) {
    say(`$ ${commandLine(program, args)}        # in a terminal of its own`);
    return new Running(this.#spawn(program, args), label);
  }

  /** Ends what still runs, last first, and removes the folder. */
  async close() {
    for (const child of [...this.#running].reverse()) {
      child.kill('SIGINT');
      await within(PATIENCE_MS, 'a program did not end on Ctrl-C', ended(child)).catch((error) => {
        child.kill('SIGKILL');
        throw error;
      });
    }
    rmSync(this.#home, { recursive: true, force: true });
  }

  #spawn(program, args) {
    const child = spawn(process.execPath, [join(BIN, `${program}.js`), ...args], {
      env: this.#env,
      cwd: this.#home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }
}

/** A program in a terminal of its own. */
class Running {
  #lines = [];
  #watchers = new Set();
  #read = 0;

  constructor(child, label) {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        say(`  ${label} | ${line}`);
        this.#lines.push(line);
        for (const look of [...this.#watchers]) look();
      });
    }
    child.once('exit', () => {
      for (const look of [...this.#watchers]) look();
    });
    this.child = child;
  }

  /** Waits for a line that was not waited past yet. */
  async sees(pattern) {
    const found = new Promise((resolve, reject) => {
      const look = () => {
        const at = this.#lines.findIndex((line, i) => i >= this.#read && pattern.test(line));
        if (at < 0 && this.child.exitCode === null) return;
        this.#watchers.delete(look);
        this.#read = at + 1;
        if (at < 0) reject(new Error(`the program ended with ${this.child.exitCode} before it showed ${pattern}`));
        else resolve();
      };
      this.#watchers.add(look);
      look();
    });
    await within(PATIENCE_MS, `${pattern} was not shown`, found);
  }
}

export function say(text = '') {
  process.stdout.write(`${text}\n`);
}

export function title(text) {
  say();
  say(`== ${text} ${'='.repeat(Math.max(0, 76 - text.length))}`);
  say();
}

function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('close', resolve));
}

function within(ms, problem, promise) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${problem} within ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function commandLine(program, args) {
  return [program, ...args.map(quote)].join(' ');
}

/** As a person would type it in a POSIX shell. */
function quote(arg) {
  if (/^[\w@%+=:,./-]+$/.test(arg)) return arg;
  return arg.includes("'") ? `"${arg.replace(/(["$`\\])/g, '\\$1')}"` : `'${arg}'`;
}
