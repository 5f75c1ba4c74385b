import { countCharacters, Malformed } from './malformed.js';

/**
 * Maximum depth of nested lists, tuples and dicts. Python's tokenizer has the same limit ("too many nested parentheses"), so no
 * literal that Python can read is refused for its depth.
 */
export const MAX_DEPTH = 200;

/** The kinds of values, as far as they matter for converting them to text. */
export const Kind = {
  null: 0,
  true: 1,
  false: 2,
  /** The bytes are the number's text, in a form that Python, JSON and Postgres share. */
  number: 3,
  /** The bytes between the quotes are the text itself. */
  plain: 4,
  /** The bytes between the quotes contain escapes or control characters. */
  escaped: 5,
  /** The bytes are a list, tuple or dict with its brackets. */
  nested: 6,
} as const;

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const OPEN_TUPLE = 0x28;
const CLOSE_TUPLE = 0x29;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const LONG = 0x4c;
const SLASH = 0x2f;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_DICT = 0x7b;
const CLOSE_DICT = 0x7d;

const NAMES = [
  named('None', Kind.null),
  named('True', Kind.true),
  named('False', Kind.false),
  named('null', Kind.null),
  named('true', Kind.true),
  named('false', Kind.false),
  // What pandas and numpy write for a missing number.
  named('nan', Kind.null),
  named('NaN', Kind.null),
  named('inf', Kind.null),
  named('Infinity', Kind.null),
];

/**
 * Reads the tokens of one literal from UTF-8 bytes. Only this class knows the grammar of strings, numbers and names, and how
 * values nest. It accepts what Python's `repr` writes and what JSON allows, and refuses anything that one of the two would read
 * differently.
 *
 * It works on bytes because entries are read from COPY and written to COPY as bytes, without creating strings.
 *
 * The file is longer than others because the class is one state machine: its methods share the position and the last token.
 */
export class LiteralScanner {
  bytes: Uint8Array = new Uint8Array(1);
  start = 0;
  end = 0;
  at = 0;
  /** The kind of the last value and the position of its text (for a string, between the quotes). */
  kind: number = Kind.null;
  tokenStart = 0;
  tokenEnd = 0;
  /** The position of a character in the last string that Postgres cannot store (NUL or a lone surrogate), or -1. */
  unstorable = -1;
  /** The code point of the last escape. */
  escapedCode = 0;
  depth = 0;

  /**
   * Starts reading the literal between `start` and `end`. `bytes[end]` must exist and be a control character: it stops each inner
   * loop, so that the loops do not have to compare with `end` at every byte.
   */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.at = start;
    this.depth = 0;
  }

  /** Moves to the next byte that is not white space and returns it, or -1 at the end. */
  peek(): number {
    const bytes = this.bytes;
    let at = this.at;
    for (;;) {
      const byte = bytes[at]!;
      if (byte > SPACE) {
        this.at = at;
        return byte;
      }
      if (at >= this.end) {
        this.at = this.end;
        return -1;
      }
      if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) {
        this.at = at;
        return byte;
      }
      at++;
    }
  }

  /** Refuses anything but white space up to the end. */
  close(): void {
    if (this.peek() !== -1) throw this.unexpected('the end of the text');
  }

  /** Reads a string, number or name that begins with `byte`, from `peek`; false when another kind of value begins there. */
  scalar(byte: number): boolean {
    if (byte === SINGLE_QUOTE || byte === DOUBLE_QUOTE) {
      this.string(byte);
      return true;
    }
    if ((byte >= ZERO && byte <= 0x39) || byte === MINUS) {
      this.number();
      return true;
    }
    if (isNameByte(byte)) {
      this.name();
      return true;
    }
    return false;
  }

  /** Reads and checks a whole value. The token of a nested value is its range, including the brackets. */
  value(): void {
    const byte = this.peek();
    if (this.scalar(byte)) return;
    const start = this.at;
    this.container(byte);
    this.kind = Kind.nested;
    this.tokenStart = start;
    this.tokenEnd = this.at;
  }

  /** Checks a list, tuple or dict without storing any of it. */
  private container(byte: number): void {
    const close = this.enter(byte);
    let count = 0;
    let more = this.first(close);
    while (more) {
      if (close === CLOSE_DICT) this.key();
      this.value();
      more = this.next(close, ++count);
    }
  }

  /** Enters a list, tuple or dict and returns the byte that closes it. */
  enter(byte: number): number {
    const close =
      byte === OPEN_LIST
        ? CLOSE_LIST
        : byte === OPEN_DICT
          ? CLOSE_DICT
          : byte === OPEN_TUPLE
            ? CLOSE_TUPLE
            : 0;
    if (close === 0) throw this.unexpected('a value');
    if (++this.depth > MAX_DEPTH) {
      throw this.malformed(this.at, `Found a value nested more than ${MAX_DEPTH} deep, which is the limit.`);
    }
    this.at++;
    return close;
  }

  /** After `enter`: whether the container has an item; leaves it otherwise. */
  first(close: number): boolean {
    if (this.peek() !== close) return true;
    this.at++;
    this.depth--;
    return false;
  }

  /**
   * After item number `count` (from 1): skips the comma or leaves the container, and returns whether another item follows. `repr`
   * writes a comma before the closing bracket only in a tuple of one item.
   */
  next(close: number, count: number): boolean {
    const byte = this.peek();
    const loneInTuple = close === CLOSE_TUPLE && count === 1;
    if (byte === COMMA) {
      this.at++;
      if (!loneInTuple || this.peek() !== CLOSE_TUPLE) return true;
    } else if (byte !== close || loneInTuple) {
      throw this.unexpected(loneInTuple ? "','" : `',' or '${String.fromCharCode(close)}'`);
    }
    this.at++;
    this.depth--;
    return false;
  }

  /** Reads a key of a dict and the colon after it. The key is then the last token. */
  key(): void {
    if (!this.scalar(this.peek())) throw this.unexpected('a key (a string, a number or a name)');
    this.colon();
  }

  /** Skips the colon between key and value. */
  colon(): void {
    if (this.peek() !== COLON) throw this.unexpected("':'");
    this.at++;
  }

  /** Reads the string that begins here with `quote`. */
  string(quote: number): void {
    const bytes = this.bytes;
    let at = this.at + 1;
    this.tokenStart = at;
    this.kind = Kind.plain;
    this.unstorable = -1;
    for (;;) {
      const byte = bytes[at]!;
      if (byte === quote) break;
      if (byte === BACKSLASH) {
        this.kind = Kind.escaped;
        at = this.escape(at, quote);
      } else if (byte < SPACE) {
        this.controlInString(at, byte);
        this.kind = Kind.escaped;
        at++;
      } else {
        at++;
      }
    }
    this.tokenEnd = at;
    this.at = at + 1;
  }

  /** Python accepts control characters in strings, except line breaks and NUL. */
  private controlInString(at: number, byte: number): void {
    if (at >= this.end) throw this.unclosed();
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === 0) {
      throw this.malformed(at, `Found ${this.describe(at)} inside a string, expected its closing quote.`);
    }
  }

  /**
   * Reads the escape whose backslash is at `at`, in a string with this quote, into `escapedCode`. `\/` is an escape of JSON, so
   * it is accepted only in double quotes.
   * @returns where the escape ends
   */
  escape(at: number, quote: number): number {
    const byte = this.bytes[at + 1]!;
    switch (byte) {
      case BACKSLASH:
      case SINGLE_QUOTE:
      case DOUBLE_QUOTE:
        return this.escaped(byte, at + 2);
      case 0x6e: // n
        return this.escaped(LINE_FEED, at + 2);
      case 0x72: // r
        return this.escaped(CARRIAGE_RETURN, at + 2);
      case 0x74: // t
        return this.escaped(TAB, at + 2);
      case 0x61: // a
        return this.escaped(0x07, at + 2);
      case 0x62: // b
        return this.escaped(0x08, at + 2);
      case 0x66: // f
        return this.escaped(0x0c, at + 2);
      case 0x76: // v
        return this.escaped(0x0b, at + 2);
      case 0x78: // x
        return this.storable(at, this.hex(at, 2), at + 4);
      case 0x75: // u
        return this.unicode(at);
      case 0x55: // U
        return this.longUnicode(at);
      default:
        if (byte >= ZERO && byte <= 0x37) return this.octal(at);
        if (byte === SLASH && quote === DOUBLE_QUOTE) return this.escaped(SLASH, at + 2);
        if (at + 1 >= this.end) throw this.unclosed();
        throw this.malformed(
          at,
          byte === 0x4e
            ? "Found an escape by character name ('\\N'), expected one that Python's repr or JSON writes."
            : `Found a backslash before ${this.describe(at + 1)}, expected an escape that Python's repr or JSON writes.`,
        );
    }
  }

  private escaped(code: number, next: number): number {
    this.escapedCode = code;
    return next;
  }

  private storable(at: number, code: number, next: number): number {
    if ((code === 0 || (code >= 0xd800 && code <= 0xdfff)) && this.unstorable < 0) this.unstorable = at;
    this.escapedCode = code;
    return next;
  }

  /** `\uXXXX`; a high surrogate followed by a low one is one character, as JSON writes it. */
  private unicode(at: number): number {
    const code = this.hex(at, 4);
    if (code >= 0xd800 && code <= 0xdbff && this.bytes[at + 6] === BACKSLASH && this.bytes[at + 7] === 0x75) {
      const low = this.hex(at + 6, 4);
      if (low >= 0xdc00 && low <= 0xdfff) {
        return this.escaped(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), at + 12);
      }
    }
    return this.storable(at, code, at + 6);
  }

  private longUnicode(at: number): number {
    const code = this.hex(at, 8);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      throw this.malformed(
        at,
        "Found a '\\U' escape that is not a character, expected at most '\\U0010ffff'.",
      );
    }
    return this.storable(at, code, at + 10);
  }

  private octal(at: number): number {
    let next = at + 1;
    let code = 0;
    while (next < at + 4) {
      const digit = this.bytes[next]! - ZERO;
      if (digit < 0 || digit > 7) break;
      code = code * 8 + digit;
      next++;
    }
    return this.storable(at, code, next);
  }

  /** The value of the `digits` hexadecimal digits after the backslash at `at` and its letter. */
  private hex(at: number, digits: number): number {
    let code = 0;
    for (let next = at + 2; next < at + 2 + digits; next++) {
      const digit = hexDigit(this.bytes[next]!);
      if (digit < 0) {
        if (next >= this.end) throw this.unclosed();
        throw this.malformed(
          next,
          `Found ${this.describe(next)} in an escape, expected a hexadecimal digit.`,
        );
      }
      code = code * 16 + digit;
    }
    return code;
  }

  /** Reads a number by JSON's grammar, which covers everything that Python's `repr` writes for int and finite float. */
  number(): void {
    const bytes = this.bytes;
    let at = this.at;
    this.tokenStart = at;
    this.kind = Kind.number;
    if (bytes[at] === MINUS) {
      at++;
      if (bytes[at] === 0x69 || bytes[at] === 0x49) {
        // -inf and -Infinity
        this.at = at;
        this.name();
        return;
      }
    }
    if (bytes[at] === ZERO) {
      at++;
      if (isDigit(bytes[at]!)) {
        throw this.malformed(at, `Found ${this.describe(at)} after a leading zero, expected no digit.`);
      }
    } else {
      at = this.digits(at);
    }
    if (bytes[at] === LONG) {
      // Python 2 writes a long integer as 16L.
      this.tokenEnd = at;
      this.at = at + 1;
      return;
    }
    if (bytes[at] === POINT) at = this.digits(at + 1);
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at++;
      if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
      at = this.digits(at);
    }
    this.tokenEnd = at;
    this.at = at;
  }

  private digits(from: number): number {
    const bytes = this.bytes;
    let at = from;
    while (isDigit(bytes[at]!)) at++;
    if (at === from) throw this.malformed(at, `Found ${this.describe(at)} in a number, expected a digit.`);
    return at;
  }

  /** Reads a name that is a value, or a string as Python 2 writes it. */
  private name(): void {
    const bytes = this.bytes;
    const start = this.at;
    for (const { letters, kind } of NAMES) {
      const length = letters.length;
      let same = 0;
      while (same < length && bytes[start + same] === letters[same]) same++;
      if (same < length || isNameByte(bytes[start + length]!)) continue;
      this.kind = kind;
      this.tokenStart = start;
      this.tokenEnd = start + length;
      this.at = start + length;
      return;
    }
    if (this.unicodeString(start)) return;
    throw this.malformed(
      start,
      'Found a name that is not a value, expected None, True, False or another value.',
    );
  }

  /** Reads a string with Python 2's prefix: u'...'. */
  private unicodeString(start: number): boolean {
    const quote = this.bytes[start + 1]!;
    if (this.bytes[start] !== 0x75 || (quote !== SINGLE_QUOTE && quote !== DOUBLE_QUOTE)) return false;
    this.at = start + 1;
    this.string(quote);
    return true;
  }

  /** The error for an unexpected character at the current position. */
  unexpected(expected: string): Malformed {
    return this.malformed(this.at, `Found ${this.describe(this.at)}, expected ${expected}.`);
  }

  malformed(at: number, message: string): Malformed {
    return new Malformed(countCharacters(this.bytes, this.start, Math.min(at, this.end)), message);
  }

  private unclosed(): Malformed {
    const opened = countCharacters(this.bytes, this.start, this.tokenStart - 1);
    const message = `Found the end of the text, expected the closing quote of the string that begins at ${opened}.`;
    return this.malformed(this.end, message);
  }

  private describe(at: number): string {
    if (at >= this.end) return 'the end of the text';
    const character = new TextDecoder().decode(this.bytes.subarray(at, Math.min(at + 4, this.end)));
    const code = character.codePointAt(0)!;
    if (code > SPACE && code !== 0x7f) return `'${String.fromCodePoint(code)}'`;
    return `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  }
}

function named(name: string, kind: number): { readonly letters: Uint8Array; readonly kind: number } {
  return { letters: new TextEncoder().encode(name), kind };
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function isNameByte(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a);
}

function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= 0x39) return byte - ZERO;
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57;
  if (byte >= 0x41 && byte <= 0x46) return byte - 0x37;
  return -1;
}
