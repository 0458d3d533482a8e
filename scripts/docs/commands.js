/** The reference of commands, made from the programs' own help. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BIN = join(import.meta.dirname, '..', '..', 'bin');
const HELP_ENV = { ...process.env, NO_COLOR: '1' };

/** The page of a program: its help, then that of each command, depth first. */
export async function commandPage(program) {
  const sections = await commandSections(program, []);
  const intro = `# ${program}\n\nMade from the programs' own help by \`npm run docs\`; a test checks that it is true.\n`;
  return [intro, ...sections].join('\n');
}

async function commandSections(program, words) {
  const help = await helpOf(program, words);
  const heading = `## ${[program, ...words].join(' ')}\n\n\`\`\`text\n${help.trim()}\n\`\`\`\n`;
  const below = [];
  for (const name of subcommands(help)) below.push(...(await commandSections(program, [...words, name])));
  return [heading, ...below];
}

async function helpOf(program, words) {
  const { stdout } = await run(process.execPath, [join(BIN, `${program}.js`), ...words, '--help'], { env: HELP_ENV });
  return stdout;
}

function subcommands(help) {
  const listed = /\nCommands:\n((?: {2}.*\n?)+)/.exec(help)?.[1] ?? '';
  const names = [...listed.matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name);
  return names.filter((name) => name !== 'help');
}
