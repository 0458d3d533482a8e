/**
 * `npm run docs`: writes the pages of docs/ that are made from the programs: the commands, and the stories as text.
 * `npm run docs -- --check` writes nothing and fails when a page is not what the programs say. `stories` or `commands` behind it
 * means these pages alone.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandPage } from './docs/commands.js';
import { recordStories } from './docs/transcript.js';

const DOCS = join(import.meta.dirname, '..', 'docs');

const KINDS = { commands: commandPages, stories: storyPages };

const asked = Object.keys(KINDS).filter((kind) => process.argv.includes(kind));
const pages = new Map();
for (const kind of asked.length > 0 ? asked : Object.keys(KINDS)) {
  for (const [page, text] of await KINDS[kind]()) pages.set(page, text);
}

for (const [page, text] of pages) {
  if (process.argv.includes('--check')) check(page, text);
  else write(page, text);
}

async function commandPages() {
  const programs = ['sim-device', 'hub-admin'];
  return Promise.all(programs.map(async (program) => [`commands/${program}.md`, await commandPage(program)]));
}

async function storyPages() {
  const stories = await recordStories();
  return [...stories].map(([name, text]) => [`stories/${name}.txt`, text]);
}

function write(page, text) {
  mkdirSync(dirname(join(DOCS, page)), { recursive: true });
  writeFileSync(join(DOCS, page), text);
}

function check(page, text) {
  const written = readFileSync(join(DOCS, page), 'utf8').split('\n');
  const made = text.split('\n');
  const at = made.findIndex((line, i) => line !== written[i]);
  if (at < 0 && written.length === made.length) return;
  process.exitCode = 1;
  console.error(`docs/${page} is not what the programs say; write it anew with: npm run docs`);
  console.error(`  line ${at + 1} stands there as: ${written[at]}`);
  console.error(`  the program says:       ${made[at]}`);
}
