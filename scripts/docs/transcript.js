/**
 * The stories as text: what a person sees, with what differs from run to run replaced. Used to write docs/stories/ and to
 * check it.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const STORIES = join(import.meta.dirname, '..', 'stories.js');

/** What differs from run to run, and what stands for it. */
const VARYING = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/\b\d\d:\d\d:\d\d\b/g, '<time>'],
  [/localhost:\d+/g, 'localhost:<port>'],
  [/(HTTPS|MQTT|AMQP) \d+/g, '$1 <port>'],
  [/process \d+/g, 'process <pid>'],
  [/^(etag\s+)\S+$/gm, '$1<etag>'],
  [/^(took\s+)\S+$/gm, '$1<duration>'],
];

/**
 * Runs the stories.
 *
 * @returns the text of each by a name for a file: `device-twins` → lines
 */
export async function recordStories() {
  const chapters = splitChapters(await runStories());
  const played = [...chapters].filter(([, lines]) => lines.some((line) => line.startsWith('$ ')));
  return new Map(played.map(([title, lines]) => [fileName(title), inOrder(lines)]));
}

function runStories() {
  const child = spawn(process.execPath, [STORIES], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`the stories ended with ${code}:\n${output}`)),
    );
  });
}

function splitChapters(output) {
  const chapters = new Map();
  let lines = [];
  for (const line of VARYING.reduce((text, [pattern, stands]) => text.replace(pattern, stands), output).split('\n')) {
    const title = /^== (.*?) =*$/.exec(line)?.[1];
    if (title === undefined) lines.push(line);
    else chapters.set(title, (lines = []));
  }
  return chapters;
}

/** Two terminals write side by side: each command with its output first, then what the other terminal showed meanwhile. */
function inOrder(lines) {
  const blocks = [];
  let block = newBlock();
  for (const line of lines) {
    if (line.startsWith('$ ')) blocks.push((block = { ...newBlock(), command: [line] }));
    else if (/^ {2}(device|hub) \| /.test(line)) block.other.push(line);
    else if (/^(Using|Waiting until) /.test(line)) block.notices.push(line);
    else if (line !== '' && !isProgress(line)) block.result.push(line);
  }
  return blocks
    .map(({ command, notices, result, other }) => [...command, ...notices, ...result, ...other, ''].join('\n'))
    .join('\n');
}

function newBlock() {
  return { command: [], notices: [], result: [], other: [] };
}

/** Shown or not by how quick the machine is. */
function isProgress(line) {
  return /^(Waiting|Device) .*…$/.test(line);
}

function fileName(title) {
  return title.split(':')[0].toLowerCase().replaceAll(' ', '-');
}
