import { formatDuration } from './duration.ts';
import type { Terminal } from './terminal.ts';

/** How far a command with many targets has come. Call `end` on every path. */
export interface Progress {
  step(outcome: 'done' | 'failed'): void;
  end(): void;
}

/** What a command waits for, said while it waits. Call `end` on every path. */
export interface Waiting {
  update(text: string): void;
  end(): void;
}

const REDRAW_MS = 100;
/** Off a terminal a line this often, so that a log shows life and stays short. */
const LINE_EVERY_MS = 5000;
const BAR_COLUMNS = 24;

/** A bar on a terminal, a line now and then elsewhere; nothing for a single target. */
export function showProgress(terminal: Terminal, label: string, total: number): Progress {
  if (total <= 1) return { step: () => undefined, end: () => undefined };
  let done = 0;
  let failed = 0;
  const draw = (): void => {
    const text = `${label} ${bar(done, total)} ${done}/${total}${failed > 0 ? `, ${failed} failed` : ''}`;
    terminal.transient(text);
  };
  const say = (): void => terminal.notice(`${label}: ${done} of ${total}${failed > 0 ? `, ${failed} failed` : ''}`);
  const timer = setInterval(terminal.tty.stderr ? draw : say, terminal.tty.stderr ? REDRAW_MS : LINE_EVERY_MS);
  timer.unref();
  return {
    step: (outcome) => {
      done += 1;
      if (outcome === 'failed') failed += 1;
    },
    end: () => {
      clearInterval(timer);
      terminal.clearTransient();
    },
  };
}

/** One line that says what is waited for: with the seconds that passed on a terminal, once per change elsewhere. */
export function showWaiting(terminal: Terminal, text: string): Waiting {
  const startedAt = performance.now();
  let current = text;
  const draw = (): void => {
    const passed = Math.floor((performance.now() - startedAt) / 1000) * 1000;
    terminal.transient(passed === 0 ? current : `${current} (${formatDuration(passed)})`);
  };
  const timer = terminal.tty.stderr ? setInterval(draw, REDRAW_MS) : undefined;
  timer?.unref();
  if (!terminal.tty.stderr) terminal.notice(current);
  return {
    update: (next) => {
      if (next === current) return;
      current = next;
      if (!terminal.tty.stderr) terminal.notice(current);
    },
    end: () => {
      clearInterval(timer);
      terminal.clearTransient();
    },
  };
}

function bar(done: number, total: number): string {
  const filled = Math.round((done / total) * BAR_COLUMNS);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_COLUMNS - filled)}]`;
}
