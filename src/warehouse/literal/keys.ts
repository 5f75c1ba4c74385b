import { Kind, type LiteralScanner } from './scanner.js';

const SPACE = 0x20;

/** Number of slots for cached spellings, a power of two. A spelling replaces another one in the same slot. */
const SLOTS = 512;

/** Longer spellings are not cached. */
const MAX_LENGTH = 128;

/** When there are many unknown keys, one of this number is cached: dicts with ids as keys never repeat a key. */
const CACHED_ONE_OF = 32;

/** The spelling of a key, and its meaning for the reader. */
export class KnownKey<T> {
  /** The key that followed it most recently. */
  next: KnownKey<T> | undefined = undefined;
  /** With the quotes, the colon and one space. It has no control character, so a comparison stops at the literal's end. */
  readonly spelled: Uint8Array;
  readonly meaning: T;

  constructor(spelled: Uint8Array, meaning: T) {
    this.spelled = spelled;
    this.meaning = meaning;
  }
}

const UNSPELLED = new Uint8Array(0);

/**
 * Reads the keys of dicts. A dict nearly always has the keys of the previous dict in the same order. So the expected key is the
 * one that followed the current key last time: comparing its bytes is cheaper than reading it, and its meaning is known. The
 * scanner reads any other key.
 */
export class KeyMemory<T> {
  /** The entry before the first key of a dict. */
  readonly start: KnownKey<T>;
  private readonly slots = new Array<KnownKey<T> | undefined>(SLOTS).fill(undefined);
  private readonly meaningOf: (remembered: boolean) => T;
  private unknown = 0;
  private remembered = 0;

  /** @param meaningOf returns the meaning of the key just read, the scanner's last token; receives whether it will be cached */
  constructor(nothing: T, meaningOf: (remembered: boolean) => T) {
    this.start = new KnownKey(UNSPELLED, nothing);
    this.meaningOf = meaningOf;
  }

  /** Reads the key at the scanner's position, which follows `last` in its dict, and its colon. */
  read(scanner: LiteralScanner, last: KnownKey<T>): KnownKey<T> {
    scanner.peek();
    const expected = last.next;
    if (expected !== undefined) {
      const { spelled } = expected;
      const { bytes, at } = scanner;
      const length = spelled.length;
      let same = 0;
      while (same < length && bytes[at + same] === spelled[same]) same++;
      if (same === length) {
        scanner.at = at + length;
        return expected;
      }
    }
    return this.other(scanner, last);
  }

  private other(scanner: LiteralScanner, last: KnownKey<T>): KnownKey<T> {
    const begin = scanner.at;
    scanner.key();
    const { bytes, at } = scanner;
    // Only the spelling that `repr` and `JSON.stringify` write is worth caching.
    if (scanner.kind !== Kind.plain || at !== scanner.tokenEnd + 2 || at - begin > MAX_LENGTH) {
      return new KnownKey(UNSPELLED, this.meaningOf(false));
    }
    const end = bytes[at] === SPACE ? at + 1 : at;
    const slot = slotOf(bytes, begin, end);
    let known = this.slots[slot];
    if (known === undefined || !isSpelled(known.spelled, bytes, begin, end)) {
      if (this.remembered >= SLOTS + ++this.unknown / CACHED_ONE_OF) {
        return new KnownKey(UNSPELLED, this.meaningOf(false));
      }
      this.remembered++;
      // A copy of the bytes, because their buffer will hold another literal next.
      known = new KnownKey(new Uint8Array(bytes.subarray(begin, end)), this.meaningOf(true));
      this.slots[slot] = known;
    }
    scanner.at = end;
    last.next = known;
    return known;
  }
}

function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  return (hash ^ (hash >>> 9)) & (SLOTS - 1);
}

function isSpelled(spelled: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (spelled.length !== end - start) return false;
  for (let at = start; at < end; at++) if (bytes[at] !== spelled[at - start]) return false;
  return true;
}
