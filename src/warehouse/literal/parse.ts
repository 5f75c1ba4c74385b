import { Malformed, type MalformedLiteral, malformedOr } from './malformed.js';
import { Kind, LiteralScanner } from './scanner.js';
import { decodeToken, literalBytes } from './text.js';

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

/**
 * Reads one literal as Python's `repr` (or JSON) writes it: the counterpart of `ast.literal_eval`, for exactly
 * what `repr` writes of None, bool, int, float, str, list, tuple and dict.
 * Never guesses and never gives a part: text that is not one whole value is an error with its position.
 */
export function parseLiteral(text: string): LiteralResult {
  const value = malformedOr(() => new LiteralParser(text).parse());
  if (value instanceof Malformed) return { ok: false, position: value.position, message: value.message };
  return { ok: true, value };
}

class LiteralParser {
  private readonly scanner = new LiteralScanner();
  private readonly text: string;
  private readonly ascii: boolean;
  /** How many bytes more than UTF-16 units there are before the token last sliced. */
  private surplus = 0;

  constructor(text: string) {
    this.text = text;
    const bytes = literalBytes(text);
    const end = bytes.length - 1;
    this.scanner.open(bytes, 0, end);
    this.ascii = end === text.length;
  }

  parse(): LiteralValue {
    const value = this.value();
    this.scanner.close();
    return value;
  }

  private value(): LiteralValue {
    const scanner = this.scanner;
    const byte = scanner.peek();
    if (scanner.scalar(byte)) return this.scalar();
    const close = scanner.enter(byte);
    return close === CLOSE_DICT ? this.dict(close) : this.list(close);
  }

  private list(close: number): LiteralValue[] {
    const items: LiteralValue[] = [];
    let more = this.scanner.first(close);
    while (more) more = this.scanner.next(close, items.push(this.value()));
    return items;
  }

  private dict(close: number): LiteralDict {
    const scanner = this.scanner;
    const dict: LiteralDict = new Map();
    let count = 0;
    let more = scanner.first(close);
    while (more) {
      scanner.key();
      const key = this.scalar();
      dict.set(typeof key === 'string' ? key : equalKey(dict, key), this.value());
      more = scanner.next(close, ++count);
    }
    return dict;
  }

  private scalar(): LiteralKey {
    const scanner = this.scanner;
    switch (scanner.kind) {
      case Kind.null:
        return null;
      case Kind.true:
        return true;
      case Kind.false:
        return false;
      case Kind.number:
        return toNumber(this.slice());
      case Kind.plain:
        return this.slice();
      default: {
        const { tokenStart, tokenEnd } = scanner;
        this.slice();
        return decodeToken(scanner, tokenStart, tokenEnd);
      }
    }
  }

  /**
   * The token as a slice of the text, which is several times cheaper than decoding its bytes. Only strings hold
   * characters of more than one byte, so following the surplus from string to string gives each token's place.
   */
  private slice(): string {
    const { bytes, tokenStart, tokenEnd } = this.scanner;
    if (this.ascii) return this.text.slice(tokenStart, tokenEnd);
    const start = tokenStart - this.surplus;
    for (let at = tokenStart; at < tokenEnd; at++) {
      // The first byte says how long a character is; four bytes are two units, three and two are one.
      const byte = bytes[at]!;
      if (byte >= 0xc0) this.surplus += byte >= 0xe0 ? 2 : 1;
    }
    return this.text.slice(start, tokenEnd - this.surplus);
  }
}

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
