import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
// Lines are run as they stand by guides.test.ts and other-lines.test.ts; this one reads every mention, in tables and sentences too.
const PAGES = [
  ...['README.md', 'SECURITY.md', 'CHANGELOG.md', '.env.example'],
  ...pagesIn('docs'),
  ...pagesIn('docs/guides'),
  ...pagesIn('docs/decisions'),
];

interface Mention {
  readonly program: 'hub-admin' | 'sim-device';
  readonly words: readonly string[];
}

describe('a command line in the documentation names a command and flags that exist', () => {
  test.each(PAGES)('%s', (page) => {
    const wrong = mentions(readFileSync(join(ROOT, page), 'utf8')).flatMap((mention) => problems(mention));
    expect(wrong).toEqual([]);
  });
});

function pagesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}

/** Command lines of code blocks and of code in sentences. */
function mentions(text: string): Mention[] {
  const blocks = [...text.matchAll(/```(?:sh|console)\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.matchAll(/`((?:npx |node bin\/)?(?:hub-admin|sim-device)[^`]*)`/g)].map(
    ([, code = '']) => code,
  );
  return [...blocks, ...inline].flatMap((line) => {
    const found = /(?:^|[\s(])(?:npx |node bin\/)?(hub-admin|sim-device)(?:\.js)? ([^#|)]*)/.exec(line);
    if (found === null || line.includes('…')) return [];
    return [
      { program: found[1] === 'hub-admin' ? 'hub-admin' : 'sim-device', words: (found[2] ?? '').trim().split(/\s+/) },
    ];
  });
}

function problems({ program, words }: Mention): string[] {
  const beforeDashes = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined);
  const help = helpOf(program, beforeDashes);
  if (help === undefined) return [`${program} ${words.join(' ')}: no such command`];
  const flags = beforeDashes.filter((word) => /^--[a-z]/.test(word)).map((word) => word.split('=')[0] ?? '');
  return flags.filter((flag) => !help.includes(flag)).map((flag) => `${program} ${words.join(' ')}: no flag ${flag}`);
}

/** The help of the deepest command that the words name, from the pages that are made from the programs. */
function helpOf(program: string, words: readonly string[]): string | undefined {
  const page = readFileSync(join(ROOT, 'docs', 'commands', `${program}.md`), 'utf8');
  const sections = new Map(page.split(/^## /m).map((section) => [section.split('\n')[0] ?? '', section]));
  const [first = '', second = ''] = words;
  if (first === 'hub' && (second === '' || second.startsWith('-'))) return sections.get('hub-admin hub start');
  const named = sections.get(`${program} ${first} ${second}`) ?? sections.get(`${program} ${first}`);
  if (named !== undefined) return named;
  // Flags alone belong to the program itself; its default command is shown there too.
  return first === '' || first.startsWith('-') ? sections.get(program) : undefined;
}
