/** A number from 0 up to, not including, 1. */
export type Random = () => number;

/** Whether something happens this time. */
export type Chance = () => boolean;

/** Happens in this part of the cases, 0 to 1. */
export function chance(rate: number, random: Random): Chance {
  return () => random() < rate;
}

/**
 * A random source that gives the same numbers for the same seed, on every machine: sfc32, seeded through a hash of the text.
 *
 * `seededRandom("42/device-7/temperature")`: each use has a text of its own, so that adding one leaves the others as they were.
 */
export function seededRandom(seed: string): Random {
  // Seeded at the first draw: most sources of most devices never draw.
  let draw: Random | undefined;
  return () => (draw ??= seeded(seed))();
}

function seeded(seed: string): Random {
  const next = hashOf(seed);
  let [a, b, c, counter] = [next(), next(), next(), 1];
  const draw: Random = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) draw(); // the first numbers still show the seed
  return draw;
}

/** xmur3: words of 32 bits from a text. */
function hashOf(text: string): () => number {
  let hash = 1779033703 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 3432918353);
    hash = (hash << 13) | (hash >>> 19);
  }
  return () => {
    hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
    hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
    hash ^= hash >>> 16;
    return hash;
  };
}
