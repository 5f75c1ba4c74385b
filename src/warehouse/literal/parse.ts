import { KeyMemory } from './keys.js';
import { Malformed, type MalformedLiteral, malformedOr } from './malformed.js';
import { Kind, LiteralScanner } from './scanner.js';
import { literalBytes, requireCharacters, unescapeToken } from './text.js';

/** A key of a dict; `repr` writes tuples too, which nothing here needs and which are refused. */
export type LiteralKey = string | number | bigint | boolean | null;

/** A dict, in the order written. A map, so that `1` and `'1'` stay two keys and `'__proto__'` is one like any. */
export type LiteralDict = Map<LiteralKey, LiteralValue>;

/**
 * What a literal stands for. An int that a JavaScript number cannot hold exactly is a bigint; a float is the same
 * IEEE double as in Python; lists and tuples are both arrays.
 */
export type LiteralValue = LiteralKey | LiteralValue[] | LiteralDict;

/** The whole value, or why there is none. */
export type LiteralResult =
  | { readonly ok: true; readonly value: LiteralValue }
  | ({ readonly ok: false } & MalformedLiteral);

const CLOSE_DICT = 0x7d;
const ZERO = 0x30;

/** The most digits that surely make an int which a JavaScript number holds exactly. */
const SAFE_DIGITS = 15;

/** Any longer text is given a buffer of its own, so that none is held for the sake of one. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Reads one literal as Python's `repr` (or JSON) writes it: the counterpart of `ast.literal_eval`, for exactly
 * what `repr` writes of None, bool, int, float, str, list, tuple and dict.
 * Never guesses and never gives a part: text that is not one whole value is an error with its position.
 */
export function parseLiteral(text: string): LiteralResult {
  try {
    return { ok: true, value: parser.parse(text) };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const { position, message } = refusal(text);
    return { ok: false, position, message };
  }
}

/** Why `text` is refused: the parser knows places in UTF-16 units only, and a refusal counts and names characters. */
function refusal(text: string): Malformed {
  const scanner = new LiteralScanner();
  const malformed = malformedOr(() => {
    const bytes = literalBytes(text);
    scanner.open(bytes, 0, bytes.length - 1);
    scanner.value();
    scanner.close();
  });
  if (malformed instanceof Malformed) return malformed;
  throw new Error('A literal that was refused is read without a fault the second time.');
}

/**
 * Makes values of a literal. The scanner is given one byte for each UTF-16 unit of the text (a token is then a slice
 * of the text, several times cheaper than to decode it), which costs the units that are no byte: they may stand
 * within strings only, where the scanner passes over any byte from 0x80, so 0xff stands for each of them.
 */
class LiteralParser {
  private readonly scanner = new LiteralScanner();
  private readonly keys = new KeyMemory<LiteralKey>(null, (remembered) => this.key(remembered));
  private text = '';
  /** Whether some bytes stand for other units, so that equal bytes may be different keys. */
  private wide = false;
  private bytes = Buffer.allocUnsafeSlow(64 * 1024);

  parse(text: string): LiteralValue {
    try {
      this.open(text);
      const value = this.value();
      this.scanner.close();
      return value;
    } finally {
      this.text = '';
    }
  }

  private open(text: string): void {
    const length = text.length;
    const bytes = this.reserve(length + 1);
    this.text = text;
    this.wide = /[^\0-\xff]/.test(text);
    if (this.wide) {
      requireCharacters(text);
      for (let at = 0; at < length; at++) {
        const unit = text.charCodeAt(at);
        bytes[at] = Math.min(unit, 0xff);
      }
    } else {
      bytes.write(text, 'latin1');
    }
    bytes[length] = 0;
    this.scanner.open(bytes, 0, length);
  }

  private reserve(size: number): Buffer {
    if (size <= this.bytes.length) return this.bytes;
    if (size > KEPT_BYTES) return Buffer.allocUnsafeSlow(size);
    this.bytes = Buffer.allocUnsafeSlow(Math.min(size * 2, KEPT_BYTES));
    return this.bytes;
  }

  private value(): LiteralValue {
    const scanner = this.scanner;
    const byte = scanner.peek();
    if (scanner.scalar(byte)) return this.scalar();
    const close = scanner.enter(byte);
    return close === CLOSE_DICT ? this.dict() : this.list(close);
  }

  private list(close: number): LiteralValue[] {
    const items: LiteralValue[] = [];
    let more = this.scanner.first(close);
    while (more) more = this.scanner.next(close, items.push(this.value()));
    return items;
  }

  private dict(): LiteralDict {
    const { scanner, keys, wide } = this;
    const dict: LiteralDict = new Map();
    let known = keys.start;
    let count = 0;
    let more = scanner.first(CLOSE_DICT);
    while (more) {
      let key: LiteralKey;
      if (wide) {
        scanner.key();
        key = this.scalar();
      } else {
        known = keys.read(scanner, known);
        key = known.meaning;
      }
      dict.set(typeof key === 'string' ? key : equalKey(dict, key), this.value());
      more = scanner.next(CLOSE_DICT, ++count);
    }
    return dict;
  }

  private scalar(): LiteralKey {
    const { scanner, text } = this;
    const { kind, tokenStart, tokenEnd } = scanner;
    switch (kind) {
      case Kind.plain:
        return text.slice(tokenStart, tokenEnd);
      case Kind.number:
        return this.number(tokenStart, tokenEnd);
      case Kind.null:
        return null;
      case Kind.true:
        return true;
      case Kind.false:
        return false;
      default:
        return unescapeToken(scanner, tokenStart, tokenEnd, (from, to) => text.slice(from, to));
    }
  }

  private number(start: number, end: number): number | bigint {
    if (end - start <= SAFE_DIGITS) {
      const bytes = this.scanner.bytes;
      let value = 0;
      let at = start;
      while (at < end) {
        const digit = bytes[at]! - ZERO;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
        at++;
      }
      if (at === end) return value;
    }
    return toNumber(this.text.slice(start, end));
  }

  /** The key just read. One to be remembered is a copy: a slice would hold its whole text as long. */
  private key(remembered: boolean): LiteralKey {
    const { bytes, tokenStart, tokenEnd } = this.scanner;
    return remembered ? (bytes as Buffer).toString('latin1', tokenStart, tokenEnd) : this.scalar();
  }
}

/** One for all: it holds no text between two, and no value calls back into it. */
const parser = new LiteralParser();

/** A number's value as Python reads it: an int exactly, a float as the nearest double. */
function toNumber(text: string): number | bigint {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return Object.is(value, -0) && !/[.e]/i.test(text) ? 0 : value;
  return /[.e]/i.test(text) ? value : BigInt(text);
}

/**
 * The key of `dict` that Python holds equal to `key`, or `key` itself: there `1`, `1.0` and `True` are one key,
 * the first written, with the last value.
 */
function equalKey(dict: LiteralDict, key: LiteralKey): LiteralKey {
  if (dict.has(key)) return key;
  const others: LiteralKey[] = [];
  if (typeof key === 'boolean') others.push(Number(key));
  if (typeof key === 'bigint') others.push(Number(key));
  if (key === 0 || key === 1) others.push(key === 1);
  if (typeof key === 'number' && Number.isInteger(key)) others.push(BigInt(key));
  // biome-ignore lint/suspicious/noDoubleEquals: across number, bigint and boolean `==` compares values, as Python does.
  return others.find((other) => dict.has(other) && other == key) ?? key;
}
