import { findServiceHub, LOCAL_HUB, readSettings, redact, type ServiceHub, type Settings } from '../config/index.ts';
import type { ServiceClient } from '../sdk/service-client.ts';
import { formatDuration, type OutputFormat, type Program, type Terminal } from '../terminal/index.ts';
import { shellWord } from './shell-lines.ts';

/** Options that every command of hub-admin has. */
export interface GlobalOptions {
  readonly output: OutputFormat;
  readonly hub: 'local' | undefined;
  readonly envFile: string | undefined;
  readonly verbose: boolean;
}

/** What a command works with: the terminal, the hub that is meant, and when to stop. */
export class Console {
  readonly terminal: Terminal;
  readonly options: GlobalOptions;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly #program: Program;
  #hub: Promise<ServiceHub> | undefined;
  #client: Promise<ServiceClient> | undefined;
  #slowed = false;

  constructor(program: Program, options: GlobalOptions, world: { env: NodeJS.ProcessEnv; cwd: string }) {
    this.#program = program;
    this.terminal = program.terminal;
    this.options = options;
    this.env = world.env;
    this.cwd = world.cwd;
  }

  get signal(): AbortSignal {
    return this.#program.signal;
  }

  onEnd(cleanUp: () => Promise<void> | void): void {
    this.#program.onEnd(cleanUp);
  }

  endWith(exitCode: number): void {
    this.#program.endWith(exitCode);
  }

  settings(): Settings {
    const { envFile, hub } = this.options;
    return readSettings({ env: this.env, cwd: this.cwd, envFile, hub });
  }

  /** The hub that is meant. When nothing was configured it is named on stderr: nobody may mistake the local hub for a real one. */
  hub(): Promise<ServiceHub> {
    this.#hub ??= this.#findHub();
    return this.#hub;
  }

  /** The service side of that hub. */
  client(): Promise<ServiceClient> {
    this.#client ??= this.#openClient();
    return this.#client;
  }

  /**
   * The next useful command after a success, in one line for a person at a terminal; nothing where output goes to a pipe.
   *
   * @param next its words, or a sentence
   */
  suggest(next: string | readonly string[]): void {
    const { tty, noticeColours } = this.terminal;
    if (!tty.stdout || !tty.stderr) return;
    const text = typeof next === 'string' ? next : next.map(shellWord).join(' ');
    this.terminal.notice(noticeColours.dim(`Next: ${text}`));
  }

  /** A line that only `--verbose` shows. */
  explain(line: string): void {
    if (this.options.verbose) this.terminal.notice(this.terminal.noticeColours.dim(line));
  }

  async #findHub(): Promise<ServiceHub> {
    const hub = await findServiceHub(this.settings());
    const { hostName, httpsPort } = hub.address;
    if (hub.source === LOCAL_HUB && this.options.hub === undefined)
      this.terminal.aside(`Using the local hub (${hostName}:${httpsPort}).`);
    else this.explain(`hub: ${hostName}:${httpsPort}, from ${redact(hub.source)}`);
    return hub;
  }

  /** The first time for everybody, later ones with `--verbose`. */
  #saySlower(pauseMs: number, limit: number): void {
    const text = `The hub throttles: going on in ${formatDuration(pauseMs)}, with ${limit} ${limit === 1 ? 'call' : 'calls'} at once.`;
    if (this.#slowed) this.explain(text);
    else this.terminal.notice(text);
    this.#slowed = true;
  }

  async #openClient(): Promise<ServiceClient> {
    const hub = await this.hub();
    const { openServiceClient } = await import('../sdk/service-client.ts');
    const client = await openServiceClient(hub, {
      env: this.env,
      signal: this.signal,
      trace: (line) => this.explain(line),
      onSlowdown: ({ pauseMs, limit }) => this.#saySlower(pauseMs, limit),
      onAway: (reason) => this.terminal.notice(`${reason}; trying again for up to a minute`),
    });
    this.onEnd(() => client.close());
    return client;
  }
}
