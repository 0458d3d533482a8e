import { type Command, Option } from 'commander';
import { addExamples, choice, OUTPUT_FORMATS, type Program } from '../terminal/index.ts';
import type { Console, GlobalOptions } from './console.ts';

/** Where commands hang themselves: the tree to add to, and how to get from parsed words to a run. */
export interface CommandHost {
  readonly parent: Command;
  readonly program: Program;
  /** The sentence that the table of commands has for it. */
  readonly says: string;
  /** What its group does when no command of it is named. */
  readonly isDefault: boolean;
  /** The console of this run; its global options were parsed with the command. */
  open(command: Command): Console;
}

export interface CommandText {
  /** `reboot [deviceId]`, as commander reads it. */
  readonly words: string;
  /** The first sentence of the help, for what is not in the table of commands. */
  readonly says?: string;
  /** What follows the name in the usage line, where commander's own is not good enough. */
  readonly usage?: string;
  readonly examples: readonly string[];
}

/** Adds a command with its sentence and its examples, which every command has. */
export function addCommand(host: CommandHost, text: CommandText): Command {
  const command = host.parent.command(text.words, { isDefault: host.isDefault }).description(text.says ?? host.says);
  if (text.usage !== undefined) command.usage(text.usage);
  return addExamples(command, text.examples);
}

/** The options that stand before or after any command. */
export function addGlobalOptions(root: Command): Command {
  return root
    .addOption(
      new Option('-o, --output <format>', `how the result is written: ${OUTPUT_FORMATS.join(', ')}`)
        .argParser(choice('--output', OUTPUT_FORMATS))
        .default('table'),
    )
    .addOption(
      new Option('--hub <which>', 'local: the local hub, whatever is set').argParser(
        choice('--hub', ['local'] as const),
      ),
    )
    .option('--env-file <file>', 'read the settings from this file instead of .env')
    .option('--verbose', 'add causes and timing; the stack of an error')
    .option('--no-color', 'no colours, also on a terminal');
}

/** The global options as they were parsed. */
export function readGlobalOptions(root: Command): GlobalOptions {
  const values = root.opts<{ output: GlobalOptions['output']; hub?: 'local'; envFile?: string; verbose?: boolean }>();
  return { output: values.output, hub: values.hub, envFile: values.envFile, verbose: values.verbose ?? false };
}
