import { Argument, type Command } from 'commander';
import { choice } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { type CompletionShell, SCRIPTS, SHELLS } from '../completion/scripts.ts';
import type { Suggestion } from '../completion/values.ts';
import type { Console } from '../console.ts';

export function addCompletion(host: CommandHost): void {
  addCommand(host, {
    words: 'completion',
    examples: ['source <(hub-admin completion bash)', 'hub-admin completion fish', 'hub-admin completion powershell'],
  })
    .addArgument(new Argument('<shell>', `which shell: ${SHELLS.join(', ')}`).argParser(choice('the shell', SHELLS)))
    .action(async (shell: CompletionShell, _options: object, self: Command) => {
      await host.open(self).terminal.print(SCRIPTS[shell]);
    });
  addComplete(host);
}

/** What the scripts call. Whatever goes wrong, it says nothing: the prompt is no place for errors. */
function addComplete(host: CommandHost): void {
  host.parent
    .command('__complete [words...]', { hidden: true })
    .description('Suggest words for the place of the cursor; the scripts of "completion" call it.')
    .requiredOption('--current <word>', 'the beginning of the word at the cursor')
    .action(async (words: string[], options: { current: string }, self: Command) => {
      takeHubOptions(host.parent, words);
      const console = host.open(self);
      const suggestions = await suggest(console, host.parent, { words, current: options.current });
      const lines = suggestions.map(({ word, text }) => (text === '' ? word : `${word}\t${firstLine(text)}`));
      if (lines.length > 0) await console.terminal.print(lines.join('\n'));
    });
}

/** Whose device ids are meant, as the line says it. */
function takeHubOptions(root: Command, words: readonly string[]): void {
  for (const option of root.options.filter(({ long }) => long === '--hub' || long === '--env-file')) {
    const value = words[words.indexOf(option.long ?? '') + 1];
    if (words.includes(option.long ?? '') && value !== undefined) root.setOptionValue(option.attributeName(), value);
  }
}

async function suggest(
  console: Console,
  root: Command,
  { words, current }: { words: readonly string[]; current: string },
): Promise<readonly Suggestion[]> {
  const { complete } = await import('../completion/complete.ts');
  const completion = complete(root, words, current);
  if (completion.kind === 'words') return completion.words;
  if (completion.kind === 'shell') return [];
  const { findDeviceIds } = await import('../completion/device-ids.ts');
  try {
    return (await findDeviceIds(console, current)).map((word) => ({ word, text: '' }));
  } catch {
    return [];
  }
}

function firstLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
