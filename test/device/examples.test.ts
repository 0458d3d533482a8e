import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Programs } from '../support/programs.ts';

// The examples of every help run as they stand, as far as the pipe or the file behind them. What goes on for ever is
// stopped once it works.

const ENDS = ['scenario init', 'scenario validate', 'scenario show', 'replay'];
const RECORDING = '{"time":"2026-01-31T12:00:00.000Z","deviceId":"pump-1","body":{"n":1}}';

describe('the examples of sim-device', () => {
  test.each(['run', 'fleet', 'scenario init', 'scenario validate', 'scenario show', 'replay'])('%s', async (name) => {
    const command = name.split(' ');
    await using programs = new Programs();
    await programs.startHub();
    await programs.run('sim-device', ['scenario', 'init', ...(command.includes('init') ? ['other.yaml'] : [])]);
    writeFileSync(join(programs.home, 'recording.ndjson'), RECORDING);
    const help = await programs.run('sim-device', [...command, '--help']);
    const examples = [...help.stdout.matchAll(/^ {2}\$ sim-device ?(.*)$/gm)].map((match) => match[1] ?? '');
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const running = programs.start('sim-device', splitWords(example.replace(/ [|>] .*$/, '')));
      if (!ENDS.includes(name)) {
        await running.prints(/connected/);
        await running.interrupt();
      }
      expect((await running.ended).code, `${example}\n${running.output}`).toBe(ENDS.includes(name) ? 0 : 130);
    }
  });
});

/** The words of a line as a shell makes them: quotes of both kinds, nothing else. */
function splitWords(line: string): string[] {
  const words = line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g);
  return [...words].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_all, double?: string, single?: string) => double ?? single ?? ''),
  );
}
