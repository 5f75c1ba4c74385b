import { KeyMemory } from './keys.js';
import { Malformed, type MalformedLiteral, malformedOr } from './malformed.js';
import { Kind, LiteralScanner } from './scanner.js';
import { respell } from './spellings.js';
import { literalBytes, requireCharacters, unescapeToken } from './text.js';

/** A key of a dict. `repr` can also write tuples as keys; they are refused, because nothing needs them. */
export type LiteralKey = string | number | bigint | boolean | null;

/** A dict in the order written. A map, so that `1` and `'1'` stay two keys and `'__proto__'` is an ordinary key. */
export type LiteralDict = Map<LiteralKey, LiteralValue>;

/**
 * The value of a literal. An int that a JavaScript number cannot hold exactly is a bigint; a float is the same IEEE double as in
 * Python; lists and tuples are both arrays.
 */
export type LiteralValue = LiteralKey | LiteralValue[] | LiteralDict;

/** The whole value, or why it could not be read. */
export type LiteralResult =
  | { readonly ok: true; readonly value: LiteralValue }
  | ({ readonly ok: false } & MalformedLiteral);

const CLOSE_DICT = 0x7d;
const ZERO = 0x30;

/** An int with at most this number of digits fits a JavaScript number exactly. */
const SAFE_DIGITS = 15;

/** A longer text gets a separate buffer, so that one long text does not keep a large buffer in memory. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Reads one literal as Python's `repr` or JSON writes it. It corresponds to `ast.literal_eval` for what `repr` writes of None,
 * bool, int, float, str, list, tuple and dict. It never guesses and never returns a part: text that is not one whole value is an
 * error with its position.
 */
export function parseLiteral(text: string): LiteralResult {
  const value = malformedOr(() => parser.parse(text));
  if (!(value instanceof Malformed)) return { ok: true, value };
  const plain = plainText(text);
  const second = plain === null ? value : malformedOr(() => parser.parse(plain));
  if (!(second instanceof Malformed)) return { ok: true, value: second };
  const { position, message } = refusal(plain ?? text);
  return { ok: false, position, message };
}

/** A literal that other tools spell in another way, as `repr` spells it; null when there is nothing to change. */
function plainText(text: string): string | null {
  const bytes = malformedOr(() => literalBytes(text));
  const respelled = bytes instanceof Malformed ? null : respell(bytes, 0, bytes.length - 1);
  return respelled?.changed ? respelled.bytes.toString('utf8', 0, respelled.bytes.length - 1) : null;
}

/** Why `text` is refused. The parser knows positions only in UTF-16 units, but a refusal counts and names characters. */
function refusal(text: string): Malformed {
  const scanner = new LiteralScanner();
  const malformed = malformedOr(() => {
    const bytes = literalBytes(text);
    scanner.open(bytes, 0, bytes.length - 1);
    scanner.value();
    scanner.close();
  });
  if (malformed instanceof Malformed) return malformed;
  throw new Error('A literal that was refused was read without an error the second time.');
}

/**
 * Creates the values of a literal. The scanner gets one byte for each UTF-16 unit of the text, so that a token is a slice of the
 * text, which is several times cheaper than decoding it. Units that do not fit into a byte are replaced with 0xff: they may occur
 * only inside strings, where the scanner skips every byte from 0x80.
 */
class LiteralParser {
  private readonly scanner = new LiteralScanner();
  private readonly keys = new KeyMemory<LiteralKey>(null, (remembered) => this.key(remembered));
  private text = '';
  /** Whether units were replaced, so that equal bytes may be different keys. */
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

  /** The key just read. A key to be cached is a copy, because a slice would keep its whole text in memory. */
  private key(remembered: boolean): LiteralKey {
    const { bytes, tokenStart, tokenEnd } = this.scanner;
    return remembered ? (bytes as Buffer).toString('latin1', tokenStart, tokenEnd) : this.scalar();
  }
}

/** One parser for all texts: it keeps no text after `parse`, and nothing calls it recursively. */
const parser = new LiteralParser();

/** The value of a number as Python reads it: an int exactly, a float as the nearest double. */
function toNumber(text: string): number | bigint {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return Object.is(value, -0) && !/[.e]/i.test(text) ? 0 : value;
  return /[.e]/i.test(text) ? value : BigInt(text);
}

/**
 * The key of `dict` that is equal to `key` in Python, or `key` itself. In Python `1`, `1.0` and `True` are one key, with the
 * spelling of the first and the value of the last.
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
