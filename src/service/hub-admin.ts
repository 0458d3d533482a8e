import { Command } from 'commander';
import { addExamples, type Program } from '../terminal/index.ts';
import { addGlobalOptions, readGlobalOptions } from './command.ts';
import { COMMAND_TABLE, type CommandEntry, type GroupEntry } from './command-table.ts';

declare const TANDEM_VERSION: string | undefined;

/** What the completion scripts call; behind `--` it has the words of the line that is to be completed. */
const COMPLETE = '__complete';
/** The file of that command. */
const COMPLETION = 'completion';

/** Where hub-admin runs. */
interface World {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/**
 * The command tree for these words. The command that they name is there with its options, the others with their sentences:
 * enough for the list of commands, and cheap.
 *
 * @param argv as in `process.argv`
 */
export async function declareHubAdmin(program: Program, world: World, argv: readonly string[]): Promise<Command> {
  const root = addGlobalOptions(
    new Command('hub-admin')
      .description('The console of an Azure IoT hub, or of the local hub that comes with it.')
      .version(typeof TANDEM_VERSION === 'string' ? TANDEM_VERSION : '0.0.0-dev'),
  );
  addExamples(root, [
    'hub-admin hub --detach',
    'hub-admin reboot myDeviceId',
    `hub-admin query "tags.location.plant = 'Redmond43'"`,
  ]);
  const words = argv.slice(2);
  const isCompletion = readNames(root, words)[0] === COMPLETE;
  const line = isCompletion ? words.slice(words.indexOf('--') + 1) : words;
  const tree = { root, program, world, named: readNames(root, line) };
  const [first] = tree.named;
  const isKnown = COMMAND_TABLE.some(({ name }) => name === first);
  for (const entry of COMMAND_TABLE) {
    const isNeeded = isCompletion && entry.name === COMPLETION;
    // Beside the one that is named nobody sees the others.
    if (isKnown && entry.name !== first && !isNeeded) continue;
    if ('commands' in entry) await addGroup(root, entry, tree);
    else await addEntry(root, entry, { ...tree, isNamed: isKnown || isNeeded });
  }
  return root;
}

interface Tree {
  readonly root: Command;
  readonly program: Program;
  readonly world: World;
  /** What the words name: a command, or a group and a command of it. */
  readonly named: readonly string[];
}

async function addGroup(root: Command, { name, says, commands }: GroupEntry, tree: Tree): Promise<void> {
  const group = root.command(name).description(says);
  const [first, second] = tree.named;
  if (first !== name) return; // the list of commands shows the group alone
  for (const entry of commands) {
    // The default always belongs to its group: words that name nothing may be its own.
    await addEntry(group, entry, { ...tree, isNamed: first === name && (second === entry.name || isDefault(entry)) });
  }
}

async function addEntry(parent: Command, entry: CommandEntry, tree: Tree & { isNamed: boolean }): Promise<void> {
  const { name, says } = entry;
  if (tree.isNamed) {
    const { root, program, world } = tree;
    const [add, { Console }] = await Promise.all([entry.load(), import('./console.ts')]);
    const open = (): InstanceType<typeof Console> => new Console(program, readGlobalOptions(root), world);
    add({ parent, program, says, isDefault: isDefault(entry), open });
  } else {
    parent.command(name, { isDefault: isDefault(entry) }).description(says);
  }
}

function isDefault(entry: CommandEntry): boolean {
  return entry.isDefault === true;
}

/** The first words that are no options of the program nor their values; `help` before a command stands for its `--help`. */
function readNames(root: Command, line: readonly string[]): string[] {
  const names: string[] = [];
  const words = line.values();
  for (const word of words) {
    if (root.options.some(({ long, short, required }) => required && (word === long || word === short))) words.next();
    else if (!word.startsWith('-') && word !== 'help') names.push(word);
  }
  return names.slice(0, 2);
}
