import { setMaxListeners } from 'node:events';
import type { Command } from 'commander';
import { isAnswered, prepareCommands } from './command-line.ts';
import { renderError, reportError, reportStyle } from './error-report.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { OutputClosed, type Terminal } from './terminal.ts';

/** What a running program offers its commands. */
export interface Program {
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C, SIGTERM, or when the reader of stdout went away. */
  readonly signal: AbortSignal;
  /** Runs at the end on every path, the last registered first; after a signal, within the second that it has. */
  onEnd(cleanUp: () => Promise<void> | void): void;
  /** The exit code of a run that ended by itself but not with 0: some targets failed, or a child's own code. */
  endWith(exitCode: number): void;
}

export interface RunOptions {
  terminal: Terminal;
  /** As in `process.argv`: node, script, words. */
  argv: readonly string[];
  /** The commands, as far as these words need them. */
  declare: (program: Program) => Command | Promise<Command>;
  /** Where signals come from and how the process ends; tests hand in their own. */
  signals?: Pick<NodeJS.Process, 'on' | 'off'>;
  exit?: (exitCode: number) => void;
}

/** A stopped program has a second to say goodbye: this long for the command, the rest for what it registered. */
const UNWIND_MS = 600;
const CLEAN_UP_MS = 300;
/** Without a signal clean-up may take longer: a hub writes its last page. */
const PATIENT_CLEAN_UP_MS = 10_000;

class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly exitCode: number;
  constructor(exitCode: number) {
    super('stopped by a signal');
    this.exitCode = exitCode;
  }
}

const SIGNALS = {
  SIGINT: EXIT_CODES.interrupted,
  SIGTERM: EXIT_CODES.terminated,
  SIGHUP: EXIT_CODES.terminated,
} as const;

/** Runs a program to its exit code. The only place that ends the process. */
export async function runProgram(options: RunOptions): Promise<void> {
  const exit = options.exit ?? ((code) => process.exit(code));
  const life = new Life(options.terminal);
  const unlisten = listen(options.signals ?? process, life, exit);
  const exitCode = await life.run(() => parse(options, life)).catch((error: unknown) => failed(error, options));
  await options.terminal.flush();
  unlisten();
  exit(exitCode);
}

async function parse(options: RunOptions, life: Life): Promise<void> {
  const root = await options.declare(life);
  let answer = '';
  prepareCommands(root, (text) => (answer += text));
  try {
    await root.parseAsync([...options.argv]);
  } catch (error) {
    if (!isAnswered(error)) throw error;
    await options.terminal.write(answer);
  }
}

function failed(error: unknown, { terminal, argv }: RunOptions): number {
  const style = { ...reportStyle(argv), readOn: terminal.tty.stderr };
  if (style.json) terminal.dropAsides();
  for (const line of renderError(error, style, terminal.noticeColours)) terminal.notice(line);
  return reportError(error).exitCode;
}

function listen(signals: Pick<NodeJS.Process, 'on' | 'off'>, life: Life, exit: (code: number) => void): () => void {
  const handlers = Object.entries(SIGNALS).map(([name, exitCode]) => {
    const handler = (): void => {
      // The second Ctrl-C means now.
      if (life.signal.aborted) exit(exitCode);
      else life.stop(new Stopped(exitCode));
    };
    signals.on(name, handler);
    return () => signals.off(name, handler);
  });
  const bug = (error: unknown): void => life.fail(error);
  signals.on('uncaughtException', bug);
  signals.on('unhandledRejection', bug);
  return () => {
    handlers.forEach((unlisten) => unlisten());
    signals.off('uncaughtException', bug);
    signals.off('unhandledRejection', bug);
  };
}

/** One run from its first line to its exit code. */
class Life implements Program {
  readonly terminal: Terminal;
  readonly #abort = new AbortController();
  readonly #cleanUps: (() => Promise<void> | void)[] = [];
  readonly #broken: Promise<never>;
  #fail: (error: unknown) => void = () => undefined;
  #exitCode: number = EXIT_CODES.done;

  constructor(terminal: Terminal) {
    this.terminal = terminal;
    this.#broken = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#broken.catch(() => undefined);
    // Every target of a command listens: hundreds at a time are no leak.
    setMaxListeners(0, this.#abort.signal, terminal.outputClosed);
    terminal.outputClosed.addEventListener('abort', () => this.stop(terminal.outputClosed.reason));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  onEnd(cleanUp: () => Promise<void> | void): void {
    this.#cleanUps.push(cleanUp);
  }

  endWith(exitCode: number): void {
    this.#exitCode = exitCode;
  }

  stop(reason: unknown): void {
    this.#abort.abort(reason);
  }

  fail(error: unknown): void {
    // What breaks while everything is being torn down after a signal is no news.
    if (!this.signal.aborted) this.#fail(error);
  }

  /** @returns the exit code; a failure is thrown after the clean-up, unless the program was stopped. */
  async run(action: () => Promise<void>): Promise<number> {
    const running = Promise.race([action(), this.#broken]);
    const unwound = new Promise<void>((resolve) => {
      this.signal.addEventListener('abort', () => setTimeout(resolve, UNWIND_MS), { once: true });
    });
    try {
      await Promise.race([running, unwound]);
    } catch (error) {
      if (!this.signal.aborted && !(error instanceof OutputClosed)) {
        await this.#cleanUp();
        throw error;
      }
    }
    running.catch(() => undefined);
    await this.#cleanUp();
    return this.#ending();
  }

  #ending(): number {
    const reason: unknown = this.signal.aborted ? this.signal.reason : undefined;
    if (reason instanceof Stopped) return reason.exitCode;
    return reason instanceof OutputClosed ? EXIT_CODES.done : this.#exitCode;
  }

  async #cleanUp(): Promise<void> {
    const all = (async () => {
      for (const cleanUp of this.#cleanUps.splice(0).reverse()) await cleanUp();
    })();
    const deadline = new Promise<void>((resolve) => {
      setTimeout(resolve, this.signal.aborted ? CLEAN_UP_MS : PATIENT_CLEAN_UP_MS).unref();
    });
    await Promise.race([all, deadline]);
  }
}
