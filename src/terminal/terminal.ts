import type { Readable, Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { hasColours } from './has-colours.ts';
import { type Colours, makeColours } from './colours.ts';
import { printable } from './display-text.ts';

/** Thrown by a write after the reader of stdout went away (`| head`): the program ends quietly. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

export interface TerminalOptions {
  /** Asked for at first use: opening stdin costs time, and most commands never read it. */
  stdin: () => Readable;
  stdout: Writable;
  stderr: Writable;
  /** Which of the three are terminals; a test's buffers are not. */
  tty?: { stdin: boolean; stdout: boolean; stderr: boolean };
  /** Columns; read anew for every table, because a window can be resized. */
  width?: () => number;
  /** Lines, likewise. */
  height?: () => number;
  colours?: { stdout: boolean; stderr: boolean };
  /** Everything written passes through it, except `printSecret`. */
  redact?: (text: string) => string;
}

const NO_TTY = { stdin: false, stdout: false, stderr: false };

/** The one owner of stdin, stdout and stderr: stdout is the result, stderr everything else. */
export class Terminal {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly tty: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Colours for what goes to stdout. */
  readonly colours: Colours;
  /** Colours for what goes to stderr. */
  readonly noticeColours: Colours;
  readonly #stdin: () => Readable;
  readonly #width: () => number;
  readonly #height: () => number;
  readonly #redact: (text: string) => string;
  readonly #closed = new AbortController();
  #transient = false;
  #aside: string[] = [];

  constructor(options: TerminalOptions) {
    this.#stdin = options.stdin;
    this.stdout = options.stdout;
    this.stderr = options.stderr;
    this.tty = options.tty ?? NO_TTY;
    this.colours = makeColours(options.colours?.stdout ?? false);
    this.noticeColours = makeColours(options.colours?.stderr ?? false);
    this.#width = options.width ?? (() => 80);
    this.#height = options.height ?? (() => 24);
    this.#redact = options.redact ?? ((text) => text);
    this.stdout.on('error', (error: Error) => this.#stdoutFailed(error));
    // A closed stderr must not kill the program: there is nobody left to tell.
    this.stderr.on('error', () => undefined);
  }

  get stdin(): Readable {
    return this.#stdin();
  }

  /** Columns that stdout has; Infinity where it is no terminal: what a program reads is never truncated. */
  get width(): number {
    return this.tty.stdout ? this.#width() : Number.POSITIVE_INFINITY;
  }

  /** Lines that stdout has; Infinity where it is no terminal. */
  get height(): number {
    return this.tty.stdout ? this.#height() : Number.POSITIVE_INFINITY;
  }

  /** Columns for progress and notices on stderr. */
  get noticeWidth(): number {
    return this.#width();
  }

  /** Aborted when the reader of stdout went away. */
  get outputClosed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Whether a person can be asked. */
  get canAsk(): boolean {
    return this.tty.stdin && this.tty.stderr;
  }

  redact(text: string): string {
    return this.#redact(text);
  }

  /** Writes a result to stdout and waits until the reader took it. @throws OutputClosed */
  async write(text: string): Promise<void> {
    await this.#writeRaw(this.#redact(text));
  }

  /** One line of result. @throws OutputClosed */
  async print(line: string): Promise<void> {
    await this.write(`${line}\n`);
  }

  /** One line that holds a secret because that is the command's job (`device connection-string`, `hub env`, `--show-keys`). */
  async printSecret(line: string): Promise<void> {
    await this.#writeRaw(`${line}\n`);
  }

  /** One or more lines for people, on stderr. */
  notice(text: string): void {
    this.clearTransient();
    this.#writeAsides();
    this.stderr.write(`${this.#redact(text)}\n`);
  }

  /**
   * A line for people that need not come at once: on a terminal it does, elsewhere before the next notice or at the end.
   * A program whose reader goes away meanwhile (`| head`) ends without a word.
   */
  aside(text: string): void {
    if (this.tty.stderr) this.notice(text);
    else this.#aside.push(text);
  }

  /** Forgets the asides that were not written: what follows on stderr is for a program to parse. */
  dropAsides(): void {
    this.#aside = [];
  }

  /** A line on a terminal that the next one replaces; nothing where stderr is no terminal. */
  transient(text: string): void {
    if (!this.tty.stderr) return;
    const line = printable(this.#redact(text)).slice(0, Math.max(10, this.noticeWidth - 1));
    this.stderr.write(`\r\u001b[2K${line}`);
    this.#transient = true;
  }

  clearTransient(): void {
    if (!this.#transient) return;
    this.stderr.write('\r\u001b[2K');
    this.#transient = false;
  }

  /** Asks on stderr; only an explicit yes is one. Call it where `canAsk` only. */
  async confirm(question: string, signal: AbortSignal): Promise<boolean> {
    this.clearTransient();
    const { createInterface } = await import('node:readline/promises'); // few runs ask
    const reader = createInterface({ input: this.stdin, output: this.stderr, terminal: false });
    try {
      const answer = await reader.question(`${this.#redact(question)} [y/N] `, { signal });
      return /^\s*y(es)?\s*$/i.test(answer);
    } finally {
      reader.close();
    }
  }

  /** Everything that stdin brings, as text: what `--json -` reads. */
  async readAll(): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.stdin) chunks.push(Buffer.from(chunk as Uint8Array | string));
    return Buffer.concat(chunks).toString('utf8');
  }

  /** Resolves when both streams have handed over what was written. */
  async flush(): Promise<void> {
    this.clearTransient();
    if (!this.outputClosed.aborted) this.#writeAsides();
    await Promise.all([drained(this.stdout), drained(this.stderr)]);
  }

  #writeAsides(): void {
    for (const text of this.#aside.splice(0)) this.stderr.write(`${this.#redact(text)}\n`);
  }

  async #writeRaw(text: string): Promise<void> {
    if (this.#closed.signal.aborted) throw new OutputClosed();
    this.clearTransient();
    const closed = this.#closed.signal;
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => reject(new OutputClosed());
      closed.addEventListener('abort', stop, { once: true });
      this.stdout.write(text, () => {
        closed.removeEventListener('abort', stop);
        resolve();
      });
    });
    if (this.outputClosed.aborted) throw new OutputClosed();
  }

  #stdoutFailed(error: Error): void {
    // EPIPE: the reader left. EOF and the rest: the same on Windows.
    this.#closed.abort(new OutputClosed(error.message));
  }
}

/** The terminal of this process. */
export function processTerminal(options: { argv: readonly string[]; redact: (text: string) => string }): Terminal {
  const { stdout, stderr, env } = process;
  const noColour = options.argv.includes('--no-color');
  return new Terminal({
    stdin: () => process.stdin,
    stdout,
    stderr,
    tty: { stdin: isatty(0), stdout: isatty(1), stderr: isatty(2) },
    width: () => (stdout.isTTY ? stdout.columns : stderr.isTTY ? stderr.columns : 80) || 80,
    height: () => (stdout.isTTY ? stdout.rows : 24) || 24,
    colours: {
      stdout: hasColours({ env, noColour, tty: stdout.isTTY }),
      stderr: hasColours({ env, noColour, tty: stderr.isTTY }),
    },
    redact: options.redact,
  });
}

function drained(stream: Writable): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });
}
