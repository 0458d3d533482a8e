import type { Random } from './random.ts';

/** Names that mean something to JavaScript, to twins, or to neither. */
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  '$version',
  '$metadata',
  '$',
  'a.b',
  'a b',
  '',
  '0',
  'tags',
  'properties',
  'desired',
  'reported',
  'deviceId',
  'etag',
  'temperature',
  'é',
  '\u0000',
  '\ud800',
  'x'.repeat(1100),
  'x'.repeat(64),
] as const;

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e308,
  -1e308,
  2 ** 53,
  4503599627370495,
  4503599627370497,
  '',
  'text',
  '2026-01-01T00:00:00Z',
  '\u0000',
  '\ud800',
  '__proto__',
  'x'.repeat(4097),
  [],
  {},
];

/** JSON as an enemy would write it, as text: some of it cannot be made any other way. */
export function hostileJson(random: Random, depth = 0): string {
  if (depth > 12 || random.chance(0.35)) return JSON.stringify(random.pick(VALUES));
  if (random.chance(0.15)) return `[${listOf(random, () => hostileJson(random, depth + 1))}]`;
  return `{${listOf(random, () => `${JSON.stringify(random.pick(NAMES))}:${hostileJson(random, depth + 1)}`)}}`;
}

function listOf(random: Random, item: () => string): string {
  return Array.from({ length: random.below(4) }, item).join();
}
