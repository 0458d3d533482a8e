import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Programs, type RunningProgram } from '../support/programs.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');
const GUIDES = ['device-twins', 'direct-methods', 'configuration', 'reboot', 'monitoring'];

interface CommandLine {
  readonly text: string;
  readonly exitCode: number;
}

// What a guide shows is run as it stands, line after line on a hub of its own. `sim-device` runs beside the lines that follow.
describe.skipIf(process.platform === 'win32')('every command line of the guides does what the guide says', () => {
  test.concurrent.each(GUIDES)('%s', async (guide) => {
    await using programs = new Programs();
    await programs.startHub();
    const shell = newShell(programs);
    let device: RunningProgram | undefined;
    for (const { text, exitCode } of commandLines(guide)) {
      if (text.startsWith('sim-device')) await device?.interrupt();
      if (text.startsWith('sim-device') && !text.startsWith('sim-device replay')) {
        device = programs.start('sim-device', words(text).slice(1));
        await device.prints(/reported/);
      } else {
        expect(await shell(text), text).toBe(exitCode);
      }
    }
  });
});

/** The lines of a guide's `sh` blocks; a comment behind one may name its exit code. */
function commandLines(guide: string): CommandLine[] {
  const text = readFileSync(join(ROOT, 'docs', 'guides', `${guide}.md`), 'utf8');
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  return blocks.filter(Boolean).map((line) => {
    const [command = '', comment = ''] = line.split(/\s{3,}#/);
    return { text: command.trim(), exitCode: Number(/exit code (\d+)/.exec(comment)?.[1] ?? 0) };
  });
}

/** A POSIX shell in which `hub-admin` is on the path, as in an installed package. */
function newShell(programs: Programs): (text: string) => Promise<number> {
  const bin = join(programs.home, 'bin');
  mkdirSync(bin);
  for (const program of ['hub-admin', 'sim-device']) {
    const file = join(bin, program);
    writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'bin', `${program}.js`)}" "$@"\n`);
    chmodSync(file, 0o755);
  }
  const env = { ...programs.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  return async (text) => {
    try {
      await run('sh', ['-c', text], { cwd: programs.home, env });
      return 0;
    } catch (error) {
      const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
      if (typeof code !== 'number') throw error;
      return code;
    }
  };
}

/** Words of a command line as a shell splits them: blanks outside single quotes. */
function words(text: string): string[] {
  return [...text.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ''));
}
