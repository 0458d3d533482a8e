import type { Command } from 'commander';
import type { AuthorityDocument, LocalAuthorities } from '../../sdk/local-authorities.ts';
import { recordWriter, type Column } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import { confirmOrRefuse } from '../confirm.ts';
import type { Console } from '../console.ts';
import { readInputFile } from '../json-input.ts';
import { getRunningHub, openLocalClient } from '../running-hub.ts';

const COLUMNS: readonly Column<AuthorityDocument>[] = [
  { title: 'name', value: ({ name }) => name },
  { title: 'subject', value: ({ properties }) => properties['subject'] },
  { title: 'verified', value: ({ properties }) => (properties['isVerified'] === true ? 'yes' : 'no') },
  { title: 'expires', value: ({ properties }) => properties['expiry'] },
  { title: 'thumbprint', value: ({ properties }) => properties['thumbprint'] },
];

export function addHubCa(host: CommandHost): void {
  const group = host.parent.command('ca').description(host.says);
  const inGroup = { ...host, parent: group };
  addList({ ...inGroup, isDefault: true });
  addAdd(inGroup);
  addVerify(inGroup);
  addRemove(inGroup);
}

function addList(host: CommandHost): void {
  addCommand(host, {
    words: 'list',
    says: 'List the authorities whose device certificates the local hub takes.',
    examples: ['hub-admin hub ca', 'hub-admin hub ca list -o json'],
  }).action(async (_options: object, self: Command) => {
    await runList(host.open(self));
  });
}

function addAdd(host: CommandHost): void {
  addCommand(host, {
    words: 'add <name> <certificateFile>',
    says: 'Register an authority, PEM or base64; its devices are let in once somebody proved to hold its key.',
    examples: ['hub-admin hub ca add root root.pem', 'hub-admin hub ca add root root.pem --verified'],
  })
    .option('--verified', 'it is yours: let its devices in without a proof')
    .action(async (name: string, file: string, options: { verified?: boolean }, self: Command) => {
      await runAdd(host.open(self), name, { file, isVerified: options.verified ?? false });
    });
}

function addVerify(host: CommandHost): void {
  addCommand(host, {
    words: 'verify <name> <proofFile>',
    says: 'Prove to hold the key of an authority, by a certificate that it signed for the code of hub ca add.',
    examples: ['hub-admin hub ca verify root proof.pem'],
  }).action(async (name: string, file: string, _options: object, self: Command) => {
    const console = host.open(self);
    const proof = await readInputFile(console, '<proofFile>', file);
    const authority = await (await openAuthorities(console)).verify(name, proof);
    await write(console, authority, `The authority "${name}" is verified: its devices are let in.`);
  });
}

function addRemove(host: CommandHost): void {
  addCommand(host, {
    words: 'remove <name>',
    says: 'Forget an authority: its devices are let in no more, those that are connected stay.',
    examples: ['hub-admin hub ca remove root --yes'],
  })
    .option('--yes', 'do not ask')
    .action(async (name: string, options: { yes?: boolean }, self: Command) => {
      await runRemove(host.open(self), name, options.yes);
    });
}

async function runList(console: Console): Promise<void> {
  const writer = recordWriter<AuthorityDocument>(console.terminal, {
    format: console.options.output,
    columns: COLUMNS,
    empty: 'The local hub has no authorities of device certificates.',
  });
  for (const authority of await (await openAuthorities(console)).list()) await writer.write(authority);
  await writer.end();
}

async function runAdd(
  console: Console,
  name: string,
  { file, isVerified }: { file: string; isVerified: boolean },
): Promise<void> {
  const certificate = await readInputFile(console, '<certificateFile>', file);
  const authorities = await openAuthorities(console);
  const added = await authorities.add(name, certificate, isVerified);
  if (isVerified) {
    await write(console, added, `Registered the authority "${name}": its devices are let in.`);
    return;
  }
  const asked = await authorities.newVerificationCode(name);
  await write(console, asked, `Registered the authority "${name}", to be verified.`);
  const code = String(asked.properties['verificationCode']);
  console.terminal.notice(`Sign a certificate with it whose subject is CN=${code}, for instance with openssl.`);
  console.suggest(`hub-admin hub ca verify ${name} proof.pem`);
}

async function runRemove(console: Console, name: string, yes: boolean | undefined): Promise<void> {
  const authorities = await openAuthorities(console);
  await confirmOrRefuse(console, `remove the authority "${name}"`, yes);
  await authorities.remove(name);
  if (console.options.output === 'table') await console.terminal.print(`Removed the authority "${name}".`);
  else await writeRecord(console, { name, removed: true });
}

async function write(console: Console, authority: AuthorityDocument, says: string): Promise<void> {
  if (console.options.output !== 'table') {
    await writeRecord(console, authority);
    return;
  }
  const { subject, expiry, thumbprint, verificationCode } = authority.properties;
  await console.terminal.print([says, ...renderCard({ subject, expiry, thumbprint, verificationCode })].join('\n'));
}

async function writeRecord(console: Console, record: object): Promise<void> {
  const writer = recordWriter<object>(console.terminal, { format: console.options.output, single: true });
  await writer.write(record);
  await writer.end();
}

async function openAuthorities(console: Console): Promise<LocalAuthorities> {
  return (await openLocalClient(console, await getRunningHub(console))).localAuthorities();
}
