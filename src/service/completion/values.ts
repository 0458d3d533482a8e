import type { Argument, Option } from 'commander';
import { SERVICE_CODES } from '../../sdk/service-codes.ts';
import { OUTPUT_FORMATS } from '../../terminal/index.ts';
import { KINDS } from '../monitor/entry.ts';
import { SHELLS as ENV_SHELLS } from '../shell-lines.ts';
import { SHELLS } from './scripts.ts';

/** A word that fits, and what it means. */
export interface Suggestion {
  readonly word: string;
  readonly text: string;
}

/** The values of options and arguments that have few, by flag or by name. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  '--output': OUTPUT_FORMATS,
  '--hub': ['local'],
  '--ack': ['none', 'positive', 'negative', 'full'],
  '--protocol': ['amqp', 'amqp-ws'],
  '--kind': [...KINDS, 'all'],
  '--tier': ['F1', 'S1', 'S2', 'S3'],
  '--shell': ENV_SHELLS,
  '--status': ['enabled', 'disabled'],
  shell: SHELLS,
};

/** What an option or an argument can be; undefined when nobody can say. */
export function valuesOf(slot: Option | Argument): readonly Suggestion[] | undefined {
  const name = 'long' in slot ? (slot.long ?? '') : slot.name();
  if (name === 'code') return codes();
  const values = slot.argChoices ?? VALUES[name];
  return values?.map((word) => ({ word, text: '' }));
}

function codes(): Suggestion[] {
  return Object.entries(SERVICE_CODES).map(([word, { meaning }]) => ({ word, text: meaning }));
}
