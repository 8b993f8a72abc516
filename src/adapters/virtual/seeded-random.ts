import type { Random } from '../../ports/system.ts';

const twoTo32 = 2 ** 32;
const twoTo53 = 2 ** 53;
/** Discarded draws, until the seed has affected every bit. */
const warmUpRounds = 15;

/**
 * A reproducible random generator: the same `seed`, a whole number, gives the same draws on every machine. Not for
 * secrets.
 *
 * It is sfc32 by Chris Doty-Humphrey (PractRand 0.95), with 53 bits of two words per draw.
 */
export function seededRandom(seed: number): Random {
  let a = 0;
  let b = seed | 0;
  let c = Math.floor(seed / twoTo32) | 0;
  let counter = 1;

  const nextWord = (): number => {
    const word = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + word) | 0;
    return word >>> 0;
  };

  for (let round = 0; round < warmUpRounds; round += 1) nextWord();
  return { next: () => ((nextWord() >>> 5) * 2 ** 26 + (nextWord() >>> 6)) / twoTo53 };
}
