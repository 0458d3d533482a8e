import type { Command } from 'commander';
import { EXIT_CODES, recordWriter } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import type { Finding } from '../doctor/finding.ts';

export function addDoctor(host: CommandHost): void {
  addCommand(host, {
    words: 'doctor',
    examples: ['hub-admin doctor', 'hub-admin doctor -o json', 'hub-admin doctor --hub local'],
  }).action(async (_options: object, self: Command) => {
    await runDoctor(host.open(self));
  });
}

/** Changes nothing. The exit code is that of the first failure that keeps hub-admin from working. */
export async function runDoctor(console: Console): Promise<void> {
  const { examine } = await import('../doctor/examine.ts');
  const { output } = console.options;
  const writer = recordWriter<object>(console.terminal, { format: output });
  const failures: Finding[] = [];
  for await (const finding of examine(console)) {
    if (output === 'table') await console.terminal.print(render(console, finding).join('\n'));
    else await writer.write(recordOf(finding));
    if (finding.status === 'failed') failures.push(finding);
  }
  if (output !== 'table') await writer.end();
  if (failures.length === 0) {
    console.terminal.notice('Nothing is wrong.');
    return;
  }
  console.terminal.notice(`${failures.length} of the checks failed: ${failures.map(({ check }) => check).join(', ')}.`);
  console.endWith(EXIT_CODES[failures.find(({ exit }) => exit !== undefined)?.exit ?? 'failed']);
}

const CHECK_WIDTH = 24;
const INDENT = CHECK_WIDTH + 7;
const MARKS = { ok: 'ok', warning: 'warn', failed: 'FAIL', skipped: '-' } as const;

function render(console: Console, { check, status, message, fix }: Finding): string[] {
  const { colours } = console.terminal;
  const paint = { ok: colours.green, warning: colours.yellow, failed: colours.red, skipped: colours.dim }[status];
  const width = Math.max(30, console.terminal.width - INDENT);
  const [first = '', ...more] = [...wrap(message, width), ...(fix === undefined ? [] : wrap(`fix: ${fix}`, width))];
  const line = `${paint(MARKS[status].padEnd(5))} ${check.padEnd(CHECK_WIDTH)} ${first}`;
  return [line, ...more.map((text) => ' '.repeat(INDENT) + text)];
}

/** Lines of at most so many columns, broken at spaces. */
function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The exit code is how the program ends, no property of the finding. */
function recordOf({ exit: _exit, ...finding }: Finding): object {
  return finding;
}
