import { Kind, type LiteralScanner } from './scanner.js';

const SPACE = 0x20;

/** Places for remembered spellings, a power of two. Two that fall on one place take it from each other. */
const PLACES = 512;

/** Longer spellings are not remembered. */
const LONGEST = 128;

/** One in so many unknown keys is remembered when there are many: dicts keyed by ids never have one twice. */
const KEPT_OF_MANY = 32;

/** A key as it was spelled, and what it means to the reader that met it. */
export class KnownKey<T> {
  /** The key that came after it last. */
  next: KnownKey<T> | undefined = undefined;
  /** With its quotes, the colon and one space: no control character, so a comparison stops at the literal's end. */
  readonly spelled: Uint8Array;
  readonly meaning: T;

  constructor(spelled: Uint8Array, meaning: T) {
    this.spelled = spelled;
    this.meaning = meaning;
  }
}

const UNSPELLED = new Uint8Array(0);

/**
 * Reads the keys of dicts. A dict nearly always has the keys of the one before in the same order, so the key
 * expected is the one that came after the same key last time: it is compared with the bytes there, which is cheaper
 * than to read it, and its meaning is known. Any other is read by the scanner.
 */
export class KeyMemory<T> {
  /** What comes before the first key of a dict. */
  readonly start: KnownKey<T>;
  private readonly places = new Array<KnownKey<T> | undefined>(PLACES).fill(undefined);
  private readonly meaningOf: (remembered: boolean) => T;
  private unknown = 0;
  private remembered = 0;

  /** `meaningOf` gives the meaning of the key just read, the scanner's last token, and is told whether it is kept. */
  constructor(nothing: T, meaningOf: (remembered: boolean) => T) {
    this.start = new KnownKey(UNSPELLED, nothing);
    this.meaningOf = meaningOf;
  }

  /** Reads the key here, which follows `last` in its dict, and its colon. */
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
    // Only the spelling that `repr` and `JSON.stringify` write is worth remembering.
    if (scanner.kind !== Kind.plain || at !== scanner.tokenEnd + 2 || at - begin > LONGEST) {
      return new KnownKey(UNSPELLED, this.meaningOf(false));
    }
    const end = bytes[at] === SPACE ? at + 1 : at;
    const place = placeOf(bytes, begin, end);
    let known = this.places[place];
    if (known === undefined || !isSpelled(known.spelled, bytes, begin, end)) {
      if (this.remembered >= PLACES + ++this.unknown / KEPT_OF_MANY) {
        return new KnownKey(UNSPELLED, this.meaningOf(false));
      }
      this.remembered++;
      // A copy of the bytes, since their buffer may hold another literal next.
      known = new KnownKey(new Uint8Array(bytes.subarray(begin, end)), this.meaningOf(true));
      this.places[place] = known;
    }
    scanner.at = end;
    last.next = known;
    return known;
  }
}

function placeOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  return (hash ^ (hash >>> 9)) & (PLACES - 1);
}

function isSpelled(spelled: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (spelled.length !== end - start) return false;
  for (let at = start; at < end; at++) if (bytes[at] !== spelled[at - start]) return false;
  return true;
}
