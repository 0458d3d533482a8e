import type { Random } from './random.ts';

/** Bytes that mean something somewhere: ends of ranges, separators, the first bytes of packets. */
const TELLING_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x10, 0x20, 0x30, 0x32, 0x34, 0x3f, 0x0a, 0x0d, 0x20, 0x22, 0x25];

type Mutation = (bytes: Buffer, random: Random) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => withByte(bytes, random.below(bytes.length), (byte) => byte ^ (1 << random.below(8))),
  (bytes, random) => withByte(bytes, random.below(bytes.length), () => random.below(256)),
  (bytes, random) => withByte(bytes, random.below(bytes.length), () => random.pick(TELLING_BYTES)),
  (bytes, random) => withByte(bytes, random.below(Math.min(8, bytes.length)), () => random.below(256)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(16)), bytes.subarray(at)]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    const part = bytes.subarray(at, at + 1 + random.below(32));
    return Buffer.concat([bytes.subarray(0, at), part, part, bytes.subarray(at)]);
  },
];

/** Bytes with one to four things wrong. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let mutated = bytes;
  for (let times = 1 + random.below(4); times > 0; times -= 1) {
    if (mutated.length === 0) break;
    mutated = random.pick(MUTATIONS)(mutated, random);
  }
  return mutated;
}

/** The same for text: what comes out is a text again, with lone surrogates and all. */
export function mutateText(text: string, random: Random): string {
  return mutate(Buffer.from(text), random).toString(random.chance(0.9) ? 'utf8' : 'latin1');
}

function withByte(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = change(copy[at] ?? 0);
  return copy;
}
