import { MAX_DEPTH } from './scanner.js';

export const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
export const OPEN_TUPLE = 0x28;
export const CLOSE_TUPLE = 0x29;
export const COMMA = 0x2c;
export const COLON = 0x3a;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
export const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
export const CLOSE_LIST = 0x5d;
export const UNDERSCORE = 0x5f;
export const OPEN_DICT = 0x7b;
export const CLOSE_DICT = 0x7d;

/** The prefixes of Python's strings. */
const STRING_PREFIX = /^([bru]|br|rb)$/i;

/** Where one value ends and the next begins is not certain. */
export class Uncertain extends Error {}

/**
 * Walks over a literal. It knows less of values than the scanner, so that it also finds the end of a value that the scanner refuses,
 * such as `datetime.date(2015, 1, 2)`, `0x1F`, `<NA>` or a string with an unknown escape. A text without quotes, or with a quote
 * inside, has no certain end.
 */
export class LiteralWalker {
  at = 0;
  private depth = 0;

  constructor(protected readonly bytes: Buffer) {}

  /** Moves to the next byte that is not white space; 0 at the end. */
  protected peek(): number {
    const { bytes } = this;
    while (bytes[this.at] === SPACE || (bytes[this.at]! >= 0x09 && bytes[this.at]! <= 0x0d)) this.at++;
    return bytes[this.at] ?? 0;
  }

  /** Refuses anything but white space up to the end. */
  close(): void {
    this.peek();
    if (this.at !== this.bytes.length - 1) throw new Uncertain();
  }

  /** Walks over a value. @returns whether it is a dict */
  value(): boolean {
    const byte = this.peek();
    if (byte === SINGLE_QUOTE || byte === DOUBLE_QUOTE) return this.string(byte);
    if (byte === OPEN_LIST || byte === OPEN_TUPLE || byte === OPEN_DICT) return this.container(byte);
    if (byte === LESS) return this.angles();
    if (isLetter(byte)) return this.name();
    const begin = this.at;
    while (isOfNumber(this.bytes[this.at]!)) this.at++;
    if (this.at === begin) throw new Uncertain();
    return false;
  }

  private string(quote: number): boolean {
    const { bytes } = this;
    for (let at = this.at + 1; at < bytes.length - 1; at++) {
      const byte = bytes[at]!;
      if (byte === BACKSLASH) at++;
      else if (byte === 0x0a || byte === 0x0d) break;
      else if (byte === quote) {
        this.at = at + 1;
        return false;
      }
    }
    throw new Uncertain();
  }

  private container(byte: number): boolean {
    if (++this.depth > MAX_DEPTH) throw new Uncertain();
    this.at++;
    if (byte === OPEN_DICT) this.dict();
    else if (byte === OPEN_LIST) this.list();
    else this.items(CLOSE_TUPLE, () => this.value());
    this.depth--;
    return byte === OPEN_DICT;
  }

  /** The items up to `close`, with commas between them. @returns how many */
  protected items(close: number, item: () => void): number {
    let count = 0;
    for (let byte = this.peek(); byte !== close; byte = this.peek()) {
      if (count > 0) this.skip(COMMA);
      // A comma may also follow the last item.
      if (count > 0 && this.peek() === close) break;
      item();
      count++;
    }
    this.at++;
    return count;
  }

  /** The items of a dict, or of a set, which the scanner refuses. */
  private dict(): void {
    let isDict: boolean | undefined;
    this.items(CLOSE_DICT, () => {
      this.value();
      const hasValue = this.peek() === COLON;
      if (isDict !== undefined && isDict !== hasValue) throw new Uncertain();
      isDict = hasValue;
      if (!hasValue) return;
      this.at++;
      this.value();
    });
  }

  /** The items of a list. */
  protected list(): void {
    this.items(CLOSE_LIST, () => this.value());
  }

  /** What Python writes of a value that has no literal: <NA>, <class 'int'>. */
  private angles(): boolean {
    for (let at = this.at + 1; at < this.bytes.length - 1; at++) {
      const byte = this.bytes[at]!;
      if (byte === GREATER) {
        this.at = at + 1;
        return false;
      }
      if (byte < SPACE || byte === LESS || isBracket(byte) || byte === COMMA || byte === COLON) break;
    }
    throw new Uncertain();
  }

  /** A name, a string with a prefix, or a name with arguments. @returns whether it is a dict */
  private name(): boolean {
    const begin = this.at;
    const name = this.readName();
    const byte = this.bytes[this.at]!;
    if (byte === SINGLE_QUOTE || byte === DOUBLE_QUOTE) {
      if (!STRING_PREFIX.test(name)) throw new Uncertain();
      return this.string(byte);
    }
    if (byte !== OPEN_TUPLE) {
      this.named(name, begin);
      return false;
    }
    this.at++;
    return this.called(name, begin);
  }

  protected readName(): string {
    const begin = this.at;
    while (isOfName(this.bytes[this.at]!)) this.at++;
    return this.bytes.toString('latin1', begin, this.at);
  }

  /** Takes the name that began at `begin`. */
  protected named(_name: string, _begin: number): void {}

  /** Walks over the arguments after the opening parenthesis. @returns whether the value is a dict */
  protected called(_name: string, _begin: number): boolean {
    this.items(CLOSE_TUPLE, () => this.argument());
    return false;
  }

  protected argument(): void {
    this.value();
    if (this.peek() !== EQUALS) return;
    this.at++;
    this.value();
  }

  protected skip(byte: number): void {
    if (this.peek() !== byte) throw new Uncertain();
    this.at++;
  }
}

export function isLetter(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === UNDERSCORE;
}

function isOfName(byte: number): boolean {
  return isLetter(byte) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2e;
}

/** Of a number however it is written: 007, 0x1F, 1_000, +5, 1e5. */
function isOfNumber(byte: number): boolean {
  return isOfName(byte) || byte === 0x2b || byte === 0x2d;
}

export function isBracket(byte: number): boolean {
  return (
    byte === OPEN_LIST ||
    byte === CLOSE_LIST ||
    byte === OPEN_TUPLE ||
    byte === CLOSE_TUPLE ||
    byte === OPEN_DICT ||
    byte === CLOSE_DICT
  );
}
