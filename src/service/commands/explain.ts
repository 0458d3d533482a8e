import type { Command } from 'commander';
import { SERVICE_CODES, findCodeByName, findCodeName } from '../../sdk/service-codes.ts';
import { EXIT_CODES, nearest, ProgramError, recordWriter, troubleshooting } from '../../terminal/index.ts';
import { renderCard } from '../card.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { PROGRAM_CODES } from '../program-codes.ts';

/** A code, what it means, and what to do. */
export interface Explanation {
  readonly code: string;
  /** The hub's number; the programs' own codes have none. */
  readonly number?: number;
  readonly status?: number;
  readonly meaning: string;
  readonly remedy: string;
  readonly exitCode: number;
}

export function addExplain(host: CommandHost): void {
  addCommand(host, {
    words: 'explain [code]',
    examples: ['hub-admin explain 404103', 'hub-admin explain ThrottlingException', 'hub-admin explain -o csv'],
  }).action(async (code: string | undefined, _options: object, self: Command) => {
    await runExplain(host.open(self), code);
  });
}

export async function runExplain(console: Console, code: string | undefined): Promise<void> {
  const { output } = console.options;
  if (code !== undefined) {
    const explanation = getExplanation(code);
    if (output === 'table') {
      const { code: name, number, meaning, remedy, exitCode } = explanation;
      await console.terminal.print([number, name].filter((part) => part !== undefined).join(' '));
      const readOn = troubleshooting(exitCode);
      const card = { meaning, 'what to do': remedy, 'exit code': exitCode, 'read on': readOn };
      await console.terminal.print(renderCard(card).join('\n'));
      return;
    }
    const writer = recordWriter<Explanation>(console.terminal, { format: output, single: true });
    await writer.write(explanation);
    await writer.end();
    return;
  }
  const writer = recordWriter<Explanation>(console.terminal, { format: output, columns: COLUMNS });
  for (const explanation of allExplanations()) await writer.write(explanation);
  await writer.end();
}

const COLUMNS = [
  { title: 'number', value: (row: Explanation) => row.number },
  { title: 'code', value: (row: Explanation) => row.code },
  { title: 'exit', value: (row: Explanation) => row.exitCode },
  { title: 'meaning', value: (row: Explanation) => row.meaning },
];

/** Node's codes for a hub that was not reached, by the name that the explanation has. */
const BY_SYSTEM_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'ConnectionRefused',
  ENOTFOUND: 'HostNotFound',
  EAI_AGAIN: 'HostNotFound',
  ECONNRESET: 'HubUnreachable',
  ETIMEDOUT: 'HubUnreachable',
  EHOSTUNREACH: 'HubUnreachable',
  ENETUNREACH: 'HubUnreachable',
  EPROTO: 'HubUnreachable',
  CERT_HAS_EXPIRED: 'UntrustedCertificate',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'UntrustedCertificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'UntrustedCertificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'UntrustedCertificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'UntrustedCertificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'UntrustedCertificate',
};

/** @throws ProgramError `notFound` that names the nearest */
function getExplanation(text: string): Explanation {
  const all = allExplanations();
  const wanted = /^\d{6}$/.test(text) ? findCodeName(Number(text)) : (BY_SYSTEM_CODE[text.toUpperCase()] ?? text);
  const found = all.find((each) => each.code.toLowerCase() === wanted?.toLowerCase());
  if (found !== undefined) return found;
  const alias = wanted === undefined ? undefined : findCodeByName(wanted);
  const byAlias = all.find((each) => alias !== undefined && each.number === alias.number);
  if (byAlias !== undefined) return byAlias;
  const near = nearest(
    text,
    all.flatMap((each) => (each.number === undefined ? [each.code] : [each.code, String(each.number)])),
  );
  throw new ProgramError('notFound', 'UnknownCode', `there is no code "${text}"`, {
    hint: near === undefined ? 'list them all with: hub-admin explain' : `did you mean ${near}?`,
  });
}

/** The hub's codes by number, then the programs' own. */
export function allExplanations(): Explanation[] {
  const ofHub = Object.entries(SERVICE_CODES).map(([code, { number, exit, meaning, remedy }]) => ({
    code,
    number,
    status: Math.floor(number / 1000),
    meaning,
    remedy,
    exitCode: EXIT_CODES[exit],
  }));
  const own = Object.entries(PROGRAM_CODES).map(([code, { exit, meaning, remedy }]) => ({
    code,
    meaning,
    remedy,
    exitCode: EXIT_CODES[exit],
  }));
  return [...ofHub, ...own];
}
