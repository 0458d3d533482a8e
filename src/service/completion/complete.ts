import type { Argument, Command, Option } from 'commander';
import { type Suggestion, valuesOf } from './values.ts';

/** What may stand where the cursor is. */
export type Completion =
  | { readonly kind: 'words'; readonly words: readonly Suggestion[] }
  | { readonly kind: 'devices' }
  /** Leave it to the shell: a file, or something that nobody can know. */
  | { readonly kind: 'shell' };

/** Options that select devices take the place of the deviceId. */
const SELECTING = new Set(['--where', '--all', '--devices-from']);

/**
 * Reads a command line as commander would, up to the cursor.
 *
 * @param before the words between the program's name and the cursor
 * @param current the beginning of the word at the cursor, perhaps empty
 */
export function complete(root: Command, before: readonly string[], current: string): Completion {
  const { command, options, positionals, waitsForValue } = walk(root, before);
  if (waitsForValue !== undefined) return valueCompletion(waitsForValue, current);
  const [, name, start] = /^(--[a-z-]+)=(.*)$/s.exec(current) ?? [];
  if (name !== undefined && start !== undefined) return inlineValue(options, name, start);
  if (current.startsWith('-')) return words(flagsOf(options, before), current);
  if (command.commands.length > 0 && positionals.length === 0) return words(commandsOf(command), current);
  return positionalCompletion(command, { positionals, before, current });
}

interface Walk {
  readonly command: Command;
  /** The command's own and those of all above it. */
  readonly options: readonly Option[];
  readonly positionals: readonly string[];
  readonly waitsForValue: Option | undefined;
}

function walk(root: Command, before: readonly string[]): Walk {
  let command = root;
  let options: readonly Option[] = root.options;
  let positionals: string[] = [];
  let waitsForValue: Option | undefined;
  for (const word of before) {
    if (waitsForValue !== undefined) {
      waitsForValue = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const option = options.find((each) => each.long === word || each.short === word);
      if (option?.required === true) waitsForValue = option;
      continue;
    }
    const inner = positionals.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
    if (inner === undefined) positionals.push(word);
    else {
      command = inner;
      options = [...options, ...inner.options];
      positionals = [];
    }
  }
  const fallback = defaultOf(command);
  return { command, options: [...options, ...(fallback?.options ?? [])], positionals, waitsForValue };
}

function valueCompletion(option: Option, current: string): Completion {
  const values = valuesOf(option);
  return values === undefined ? { kind: 'shell' } : words(values, current);
}

function inlineValue(options: readonly Option[], name: string, start: string): Completion {
  const option = options.find((each) => each.long === name);
  const values = option === undefined ? undefined : valuesOf(option);
  if (values === undefined) return { kind: 'shell' };
  return words(
    values.map(({ word, text }) => ({ word: `${name}=${word}`, text })),
    `${name}=${start}`,
  );
}

/** Long flags that are not there yet; one that can be repeated says so in its description. */
function flagsOf(options: readonly Option[], before: readonly string[]): Suggestion[] {
  const flags = options
    .filter(
      ({ hidden, long, description }) =>
        !hidden && long !== undefined && (!before.includes(long) || description.includes('repeatable')),
    )
    .map(({ long, description }) => ({ word: long ?? '', text: description }));
  return [...flags, { word: '--help', text: 'display help for the command' }];
}

function commandsOf(command: Command): Suggestion[] {
  return command.commands
    .filter((each) => !isHidden(each))
    .map((each) => ({ word: each.name(), text: each.description() }));
}

/** What a group does when no command of it is named; commander has no public word for it. */
function defaultOf(command: Command): Command | undefined {
  const name: unknown = Reflect.get(command, '_defaultCommandName');
  return command.commands.find((each) => each.name() === name);
}

/** Commander has no public word for this either. */
function isHidden(command: Command): boolean {
  return Reflect.get(command, '_hidden') === true;
}

function positionalCompletion(
  command: Command,
  { positionals, before, current }: { positionals: readonly string[]; before: readonly string[]; current: string },
): Completion {
  if (before.some((word) => SELECTING.has(word))) return { kind: 'shell' };
  const argument =
    command.registeredArguments[positionals.length] ?? command.registeredArguments.find((each) => each.variadic);
  if (argument === undefined) return { kind: 'words', words: [] };
  if (isDeviceId(command, argument, positionals.length)) return { kind: 'devices' };
  const values = valuesOf(argument);
  return values === undefined ? { kind: 'shell' } : words(values, current);
}

/** Commands with targets take their words as a list; their usage says that the first one is a device. */
function isDeviceId(command: Command, argument: Argument, index: number): boolean {
  const name = argument.name();
  if (name === 'deviceId') return true;
  return name === 'words' && index === 0 && command.usage().startsWith('<deviceId>');
}

function words(suggestions: readonly Suggestion[], current: string): Completion {
  return { kind: 'words', words: suggestions.filter(({ word }) => word.startsWith(current)) };
}
