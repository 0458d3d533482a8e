import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import {
  addExamples,
  EXIT_CODES,
  type Program,
  ProgramError,
  runProgram,
  type TerminalOptions,
  wholeNumber,
} from '../../src/terminal/index.ts';
import { bufferTerminal } from './buffer-terminal.ts';

type Action = (program: Program) => Promise<void>;

/** Runs a little program to its exit code. */
async function run(
  words: string[],
  action: Action = () => Promise.resolve(),
  options: { signal?: string; terminal?: Partial<TerminalOptions> } = {},
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const { terminal, stdout, stderr } = bufferTerminal(options.terminal);
  const signals = new EventEmitter();
  const exitCode = await new Promise<number>((resolve) => {
    void runProgram({
      terminal,
      argv: ['node', 'thing', ...words],
      signals: signals as unknown as NodeJS.Process,
      exit: resolve,
      declare: (program) => declare(program, action),
    });
    if (options.signal !== undefined) setImmediate(() => signals.emit(options.signal ?? ''));
  });
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

function declare(program: Program, action: Action): Command {
  const root = new Command('thing').description('Does things.').version('1.2.3').option('-o, --output <format>', 'how');
  const start = root.command('start').description('Starts a thing.').argument('<name>');
  start.option('--speed <n>', 'how fast', wholeNumber('--speed', { min: 1, max: 9 }));
  addExamples(start, ['thing start x']).action(() => action(program));
  return root;
}

describe('the end of a program', () => {
  test('a run that ends is 0', async () => {
    expect(await run(['start', 'x'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('a failure has its own exit code, message and hint', async () => {
    const result = await run(['start', 'x'], () =>
      Promise.reject(new ProgramError('timedOut', 'Late', 'too late', { hint: 'be quicker' })),
    );
    expect(result).toEqual({ exitCode: 6, stdout: '', stderr: 'error: too late\n  be quicker\n' });
  });

  test('a person at a terminal is told where to read on, who has mistyped is not', async () => {
    const terminal = { tty: { stdin: true, stdout: true, stderr: true } };
    const late = () => Promise.reject(new ProgramError('timedOut', 'Late', 'too late'));
    const result = await run(['start', 'x'], late, { terminal });
    expect(result.stderr).toContain('\n  read on: docs/troubleshooting.md#exit-code-6\n');
    expect((await run(['start', 'x', '--sped', '3'], late, { terminal })).stderr).not.toContain('read on');
  });

  test('with -o json a failure is one JSON object on stderr', async () => {
    const result = await run(['start', 'x', '-o', 'json'], () =>
      Promise.reject(new ProgramError('notFound', 'DeviceNotFound', 'gone', { trackingId: 't1' })),
    );
    expect(JSON.parse(result.stderr)).toEqual({
      error: { code: 'DeviceNotFound', message: 'gone', exitCode: 3, trackingId: 't1' },
    });
  });

  test('a bug is reported as a bug, without a stack trace', async () => {
    const { exitCode, stderr } = await run(['start', 'x'], () => Promise.reject(new TypeError('oops')));
    expect([exitCode, stderr.includes('this is a bug'), stderr.includes('    at ')]).toEqual([1, true, false]);
  });

  test('clean-up runs on every path, the last registered first', async () => {
    const order: string[] = [];
    await run(['start', 'x'], (program) => {
      program.onEnd(() => void order.push('first'));
      program.onEnd(() => void order.push('second'));
      return Promise.reject(new ProgramError('failed', 'X', 'x'));
    });
    expect(order).toEqual(['second', 'first']);
  });

  test.each([
    ['SIGINT', EXIT_CODES.interrupted],
    ['SIGTERM', EXIT_CODES.terminated],
  ])('%s ends with %d, also when the command does not listen', async (signal, expected) => {
    let cleaned = false;
    const stuck: Action = (program) => {
      program.onEnd(() => void (cleaned = true));
      return new Promise(() => undefined);
    };
    const startedAt = performance.now();
    const result = await run(['start', 'x'], stuck, { signal });
    expect(result).toEqual({ exitCode: expected, stdout: '', stderr: '' });
    expect(cleaned).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  test('a reader that went away ends it quietly with 0', async () => {
    const closed = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const result = await run(['start', 'x'], (program) => program.terminal.print('much'), {
      terminal: { stdout: closed },
    });
    expect([result.exitCode, result.stderr]).toEqual([0, '']);
  });

  test('everything written passes the redactor, except what was asked for', async () => {
    const redact = (text: string): string => text.replaceAll('key', '***');
    const { stdout } = await run(
      ['start', 'x'],
      async (program) => {
        await program.terminal.print('a key');
        await program.terminal.printSecret('the key');
      },
      { terminal: { redact } },
    );
    expect(stdout).toBe('a ***\nthe key\n');
  });
});

describe('a wrong call is exit 2 and names what was meant', () => {
  test.each([
    [['strat', 'x'], "unknown command 'strat'", 'did you mean start?'],
    [['start', 'x', '--sped', '3'], "unknown option '--sped'", 'did you mean --speed?'],
    [['start'], "missing required argument 'name'", 'see "thing start --help"'],
    [['start', 'x', 'y'], 'unexpected "y"', 'thing start --help'],
    [['start', 'x', '--speed', '12'], '--speed must be a whole number from 1 to 9, got "12"', ''],
    [['start', 'x', '--speed'], "option '--speed <n>' argument missing", 'thing start --help'],
  ])('%j', async (words, message, hint) => {
    const { exitCode, stdout, stderr } = await run(words);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toContain(hint);
  });
});

describe('help', () => {
  test('begins with the sentence and ends with the examples', async () => {
    const { exitCode, stdout } = await run(['start', '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Starts a thing\.\n\nUsage: thing start/);
    expect(stdout).toMatch(/Example:\n {2}\$ thing start x\n$/);
    expect(stdout).toContain('--output <format>');
  });

  test('--version is the version and 0', async () => {
    expect(await run(['--version'])).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' });
  });
});
