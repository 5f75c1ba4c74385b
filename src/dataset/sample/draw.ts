/**
 * Repeatable random numbers: the same seed gives the same numbers on every machine, so a sample has the same bytes
 * everywhere. A 32-bit mixer over a counter (as in murmur3's finalizer); not for secrets.
 */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return mix(this.#state);
  }

  /** A number from 0 (inclusive) to 1 (exclusive). */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** An integer from 0 (inclusive) to `end` (exclusive). */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  /** One of the items. */
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** True with the probability `share`, 0 to 1. */
  chance(share: number): boolean {
    return this.fraction() < share;
  }
}

/** Mixes 32 bits so that similar inputs produce unrelated outputs. */
export function mix(bits: number): number {
  let mixed = bits >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A seed made from several numbers. Each combination starts a different sequence. */
export function seedOf(...parts: readonly number[]): number {
  return parts.reduce((seed, part) => mix(Math.imul(seed, 31) + mix(part + 0x9e3779b9)), 0x2545f491);
}
