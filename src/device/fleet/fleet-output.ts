import type { Terminal } from '../../terminal/index.ts';
import type { DeviceEvent } from '../device-event.ts';
import type { EventFormat } from '../event-output.ts';
import type { FleetCounters } from './fleet-counters.ts';
import { renderProgress, renderSummary, summarize } from './fleet-report.ts';

const REDRAW_MS = 250;
/** Off a terminal a line this often. */
const LINE_EVERY_MS = 5000;
/** Whoever starts a fleet looks whether it works. */
const FIRST_LINE_MS = 1000;
/** Thousands of devices tell thousands of things a second: lines are written together. */
const FLUSH_MS = 50;
/** Devices that end are named, the first of them. */
const MOST_ENDINGS = 10;

/** What people see of a fleet: counters while it runs, a summary at the end; with `-o ndjson` every event on stdout too. */
export class FleetOutput {
  readonly #terminal: Terminal;
  readonly #format: EventFormat;
  readonly #counters: FleetCounters;
  readonly #endings: Error[] = [];
  #startedAt = performance.now();
  #lines: string[] = [];
  #flushing: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #firstTick: NodeJS.Timeout | undefined;
  #said = '';

  constructor(terminal: Terminal, format: EventFormat, counters: FleetCounters) {
    this.#terminal = terminal;
    this.#format = format;
    this.#counters = counters;
  }

  /** Why devices ended, the first few. */
  get endings(): readonly Error[] {
    return this.#endings;
  }

  registered(done: number, total: number): void {
    if (done < total) this.#terminal.transient(`registering devices: ${done} of ${total}`);
    else this.#terminal.clearTransient();
  }

  start(): void {
    this.#startedAt = performance.now();
    const isTerminal = this.#terminal.tty.stderr;
    const tick = (): void => this.#tick(isTerminal);
    this.#ticker = setInterval(tick, isTerminal ? REDRAW_MS : LINE_EVERY_MS);
    this.#firstTick = setTimeout(tick, FIRST_LINE_MS);
  }

  event(event: DeviceEvent): void {
    if (this.#format !== 'ndjson') return;
    this.#lines.push(JSON.stringify(event));
    this.#flushing ??= setTimeout(() => void this.#flush(), FLUSH_MS);
  }

  ended(deviceId: string, error: Error): void {
    if (this.#endings.length >= MOST_ENDINGS) return;
    this.#endings.push(error);
    this.#terminal.notice(`${deviceId} ended: ${error.message}`);
    if (this.#endings.length === MOST_ENDINGS) this.#terminal.notice('more devices ended; the summary counts them');
  }

  /** Writes the summary. Safe to call after the reader of stdout went away. */
  async finish(): Promise<void> {
    clearInterval(this.#ticker);
    clearTimeout(this.#firstTick);
    this.#terminal.clearTransient();
    const summary = summarize(this.#counters, performance.now() - this.#startedAt);
    const time = new Date().toISOString();
    if (this.#format === 'ndjson') this.#lines.push(JSON.stringify({ time, event: 'summary', ...summary }));
    else this.#lines.push(...renderSummary(summary));
    await this.#flush();
  }

  #tick(isTerminal: boolean): void {
    const line = renderProgress(this.#counters);
    if (isTerminal) this.#terminal.transient(line);
    else if (line !== this.#said) this.#terminal.notice(line);
    this.#said = line;
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    const lines = this.#lines.splice(0);
    if (lines.length === 0) return;
    // A closed pipe ends the program through the terminal's own signal.
    await this.#terminal.write(`${lines.join('\n')}\n`).catch(() => undefined);
  }
}
