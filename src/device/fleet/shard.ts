import { wrongCall } from '../../terminal/index.ts';

/** One part of a fleet that is spread over several processes or machines; `index` from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export const WHOLE_FLEET: Shard = { index: 1, count: 1 };

const HINT = `--shard 3/10 is the third of ten; --shard 10 takes the index from JOB_COMPLETION_INDEX, which counts from 0`;

/**
 * Reads `3/10`, or `10` with the index from the environment: Kubernetes gives each pod of an Indexed Job its
 * JOB_COMPLETION_INDEX.
 *
 * @throws ProgramError `wrongCall`, also when only the index is known: every shard would be the whole fleet
 */
export function readShard(text: string | undefined, env: NodeJS.ProcessEnv): Shard {
  const fromEnv = env['JOB_COMPLETION_INDEX'];
  if (text === undefined) {
    if (fromEnv === undefined || fromEnv === '') return WHOLE_FLEET;
    throw wrongCall(`JOB_COMPLETION_INDEX is ${fromEnv}, but --shard does not say how many shards there are`, HINT);
  }
  const [, given, total] = /^(?:(\d+)?\/)?(\d+)$/.exec(text) ?? [];
  const count = Number(total);
  const index = given === undefined ? indexFrom(fromEnv, text) : Number(given);
  if (total !== undefined && count >= 1 && index >= 1 && index <= count) return { index, count };
  throw wrongCall(
    `--shard must be a part of a whole such as 3/10, from 1/10 to 10/10, got ${shown(text, given, fromEnv)}`,
    HINT,
  );
}

/** The indexes of a shard: every `count`th, so that all shards are of one size, give or take one. */
export function indexesOf(fleet: { start: number; count: number }, shard: Shard): number[] {
  const indexes: number[] = [];
  for (let at = shard.index - 1; at < fleet.count; at += shard.count) indexes.push(fleet.start + at);
  return indexes;
}

function indexFrom(text: string | undefined, shard: string): number {
  if (text !== undefined && /^\d+$/.test(text)) return Number(text) + 1;
  throw wrongCall(`--shard ${shard} takes the index from JOB_COMPLETION_INDEX, which is not set`, HINT);
}

function shown(text: string, given: string | undefined, fromEnv: string | undefined): string {
  return given === undefined && fromEnv !== undefined ? `"${text}" with JOB_COMPLETION_INDEX ${fromEnv}` : `"${text}"`;
}
