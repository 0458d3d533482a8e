import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Programs } from '../support/programs.ts';
import { hubForTests } from '../service/hub-admin.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');
const hub = hubForTests();

// What `npm run docs` writes. Where one of these fails, `npm run docs` mends it, if what the programs say now is meant.
describe.concurrent('the pages that are made from the programs say what the programs say', () => {
  test('docs/stories: what a person sees in each story', async () => {
    const script = join(ROOT, 'scripts', 'docs.js');
    const checked = await run(process.execPath, [script, '--check', 'stories']).catch((error: unknown) => error);
    expect(checked).toMatchObject({ stderr: '' });
  });

  test('docs/commands/hub-admin.md', async () => {
    await compare('hub-admin', async (words) => (await hub.run([...words, '--help'])).stdout);
  });

  test('docs/commands/sim-device.md', async () => {
    await using programs = new Programs();
    await compare('sim-device', async (words) => (await programs.run('sim-device', [...words, '--help'])).stdout);
  });
});

/** Each section of the page is the help of its command, and there is one for each command. */
async function compare(program: string, helpOf: (words: readonly string[]) => Promise<string>): Promise<void> {
  const page = readFileSync(join(ROOT, 'docs', 'commands', `${program}.md`), 'utf8');
  const sections = [...page.matchAll(/^## (.*)\n\n```text\n([^]*?)\n```$/gm)];
  const written = new Map(sections.map(([, title = '', help = '']) => [title, help]));
  const said = new Map<string, string>();
  const ask = async (words: readonly string[]): Promise<void> => {
    const help = (await helpOf(words)).trim();
    said.set([program, ...words].join(' '), help);
    const list = /\nCommands:\n((?: {2}.*\n?)+)/.exec(help)?.[1] ?? '';
    for (const [, name = ''] of list.matchAll(/^ {2}([\w-]+)/gm)) if (name !== 'help') await ask([...words, name]);
  };
  await ask([]);
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(said));
}
