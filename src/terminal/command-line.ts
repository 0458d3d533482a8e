import { type Command, CommanderError, Help } from 'commander';
import { nearest } from './nearest.ts';
import { ProgramError } from './program-error.ts';

/** What commander throws when it has written the help or the version: nothing failed. */
const ANSWERED = new Set(['commander.helpDisplayed', 'commander.help', 'commander.version']);

/** Whether commander ended the run because it answered (`--help`, `--version`). */
export function isAnswered(error: unknown): boolean {
  return error instanceof CommanderError && ANSWERED.has(error.code);
}

/**
 * Makes every command of the tree throw our errors instead of ending the process, and gives all helps one form:
 * the sentence first, then usage, options with the global ones, and examples last.
 *
 * @param writeOut gets helps, versions, and the texts of errors, which the caller drops because they are thrown as well
 */
export function prepareCommands(root: Command, writeOut: (text: string) => void): void {
  const visit = (command: Command): void => {
    command.exitOverride((error) => {
      throw ANSWERED.has(error.code) ? error : toWrongCall(error, command, root);
    });
    // A help without a command goes to stderr in commander: here it is an answer like any other.
    command.configureOutput({ writeOut, writeErr: writeOut });
    command.configureHelp(HELP);
    command.commands.forEach(visit);
  };
  visit(root);
}

/** Examples at the end of a command's help, each a line that runs as it stands. */
export function addExamples(command: Command, lines: readonly string[]): Command {
  const block = ['', lines.length === 1 ? 'Example:' : 'Examples:', ...lines.map((line) => `  $ ${line}`)];
  return command.addHelpText('after', block.join('\n'));
}

const HELP = {
  formatHelp,
  showGlobalOptions: true,
  subcommandTerm: (each: Command) => each.name(),
  /** Descriptions are wrapped down to so many columns; commander gives up below 40, as on a telephone. */
  minWidthToWrap: 20,
};

function formatHelp(command: Command, helper: Help): string {
  const text = Help.prototype.formatHelp.call(helper, command, helper);
  if (command.description() === '') return text;
  const [usage, description, ...rest] = text.split('\n\n');
  return [description, usage, ...rest].join('\n\n');
}

function toWrongCall(error: CommanderError, command: Command, root: Command): ProgramError {
  const [commanders = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const first = error.code === 'commander.excessArguments' ? `unexpected "${firstExcess(command)}"` : commanders;
  const suggestion = /Did you mean (?:one of )?(.+?)\?\)?$/.exec(more.join(' '))?.[1];
  const near = suggestion ?? nearestTo(error, first, command, root);
  const help = `see "${fullName(command)} --help"`;
  return new ProgramError('wrongCall', 'WrongCall', first, {
    hint: near === undefined ? help : `did you mean ${near}? (${help})`,
    cause: error,
  });
}

/** Commander suggests only what is very near, and nothing where a default command took the word for an argument. */
function nearestTo(error: CommanderError, message: string, command: Command, root: Command): string | undefined {
  if (error.code === 'commander.excessArguments') {
    const siblings = command.parent?.commands.map((each) => each.name()) ?? [];
    return nearest(firstExcess(command), siblings);
  }
  const wrong = /'([^']*)'/.exec(message)?.[1];
  if (error.code === 'commander.unknownOption' && wrong !== undefined) {
    const flags = [command, root].flatMap((each) => each.options.map((option) => option.long ?? option.flags));
    return nearest(wrong, flags);
  }
  if (error.code !== 'commander.unknownCommand' || wrong === undefined) return undefined;
  return nearest(
    wrong,
    command.commands.map((each) => each.name()),
  );
}

/** The first word too many: where a group has a default command, a mistyped command arrives as one. */
function firstExcess(command: Command): string {
  return command.args[command.registeredArguments.length] ?? '';
}

function fullName(command: Command): string {
  const parent = command.parent;
  return parent === null ? command.name() : `${fullName(parent)} ${command.name()}`;
}
