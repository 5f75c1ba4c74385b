import { KeyMemory } from './keys.js';
import { Malformed, type MalformedLiteral, malformedOr } from './malformed.js';
import { Kind, LiteralScanner } from './scanner.js';
import { respell, skipValue } from './spellings.js';
import { decodeToken, literalBytes, textOf } from './text.js';

const OPEN_LIST = 0x5b;
const OPEN_TUPLE = 0x28;
const OPEN_DICT = 0x7b;
const CLOSE_DICT = 0x7d;
const SINGLE_QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;

/** Count of numbers stored per wanted field of an entry: its kind, and where its text begins and ends. */
export const SPAN = 3;

/**
 * Finds the wanted fields of each entry of a nested column (a list or tuple of dicts, or one dict) without creating an object or
 * a string for them. `read` stores their positions in the bytes and only checks the other fields. A literal that it cannot read
 * gets a second look: it may be spelled as other tools spell it, or only the value of a field that is not wanted may be bad. Then the
 * literal is read without that value, provided that it is certain where the value ends.
 */
export class EntryReader {
  readonly scanner = new LiteralScanner();
  readonly width: number;
  /** `SPAN` numbers for each field of each entry, in the order of the fields. */
  spans = new Int32Array(SPAN * 256);
  private readonly fields: readonly Buffer[];
  /** Whether values of fields that are not wanted are skipped instead of read. */
  private skipsUnwanted = false;
  /** The meaning of each key: the index of the wanted field, or -1. */
  private readonly keys = new KeyMemory(-1, () => this.slotOfKey());

  constructor(fields: readonly string[]) {
    this.fields = fields.map((field) => Buffer.from(field));
    this.width = fields.length;
  }

  /**
   * Reads the whole literal between `start` and `end` of `bytes` (UTF-8; `bytes[end]` must exist and be a control character).
   * @returns the number of entries; 0 for blank text and None
   * @throws Malformed; then no part of the literal may be used
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    const count = malformedOr(() => this.readStrictly(bytes, start, end));
    if (!(count instanceof Malformed)) return count;
    const respelled = respell(bytes, start, end);
    if (respelled === null) throw count;
    const { bytes: plain, changed } = respelled;
    const second = changed ? malformedOr(() => this.readStrictly(plain, 0, plain.length - 1)) : count;
    if (!(second instanceof Malformed)) return second;
    this.skipsUnwanted = true;
    const third = malformedOr(() => this.readStrictly(plain, 0, plain.length - 1));
    this.skipsUnwanted = false;
    if (third instanceof Malformed) throw second;
    return third;
  }

  private readStrictly(bytes: Uint8Array, start: number, end: number): number {
    const scanner = this.scanner;
    scanner.open(bytes, start, end);
    const byte = scanner.peek();
    let count = 0;
    if (byte === OPEN_DICT) {
      this.entry(0);
      count = 1;
    } else if (byte === OPEN_LIST || byte === OPEN_TUPLE) {
      const close = scanner.enter(byte);
      let more = scanner.first(close);
      while (more) {
        if (scanner.peek() !== OPEN_DICT) throw scanner.unexpected('an entry that is a dict');
        this.entry(count++);
        more = scanner.next(close, count);
      }
    } else if (byte !== -1) {
      const at = scanner.at;
      const inner = byte === SINGLE_QUOTE || byte === DOUBLE_QUOTE ? this.encodedTwice(byte) : null;
      if (inner !== null) return this.read(inner, 0, inner.length - 1);
      scanner.at = at;
      if (!scanner.scalar(byte) || scanner.kind !== Kind.null) {
        scanner.at = at;
        throw scanner.unexpected('a list of dicts or a dict');
      }
    }
    scanner.close();
    return count;
  }

  /** The bytes of the literal that was encoded again as a string; null for a string that is not a list or dict. */
  private encodedTwice(quote: number): Buffer | null {
    const { scanner } = this;
    scanner.string(quote);
    const { tokenStart, tokenEnd } = scanner;
    scanner.close();
    const text = decodeToken(scanner, tokenStart, tokenEnd);
    return /^\s*[[{]/.test(text) ? literalBytes(text) : null;
  }

  /** The text of field `slot` of entry `index` (from 0) of the literal just read. */
  text(index: number, slot: number): string | null {
    const span = (index * this.width + slot) * SPAN;
    return textOf(this.scanner, this.spans[span]!, this.spans[span + 1]!, this.spans[span + 2]!);
  }

  private entry(index: number): void {
    const scanner = this.scanner;
    const base = this.reserve(index);
    const spans = this.spans;
    scanner.enter(OPEN_DICT);
    let key = this.keys.start;
    let count = 0;
    let more = scanner.first(CLOSE_DICT);
    while (more) {
      key = this.keys.read(scanner, key);
      const slot = key.meaning;
      if (slot < 0 && this.skipsUnwanted) this.skipValue();
      else scanner.value();
      if (slot >= 0) {
        if (scanner.kind === Kind.escaped && scanner.unstorable >= 0) {
          throw scanner.malformed(
            scanner.unstorable,
            'Found a NUL or half of a surrogate pair in a wanted text, expected characters a database can store.',
          );
        }
        const span = base + slot * SPAN;
        spans[span] = scanner.kind;
        spans[span + 1] = scanner.tokenStart;
        spans[span + 2] = scanner.tokenEnd;
      }
      more = scanner.next(CLOSE_DICT, ++count);
    }
  }

  /** Skips the value of a field that is not wanted; it must end where an entry can go on. */
  private skipValue(): void {
    const { scanner } = this;
    scanner.at = skipValue(scanner.bytes as Buffer, scanner.at);
  }

  /** Reserves the spans of an entry, with all fields null. @returns the index of its first span */
  private reserve(index: number): number {
    const size = this.width * SPAN;
    const base = index * size;
    if (base + size > this.spans.length) {
      const larger = new Int32Array(Math.max(this.spans.length * 2, base + size));
      larger.set(this.spans);
      this.spans = larger;
    }
    for (let span = base; span < base + size; span += SPAN) this.spans[span] = Kind.null;
    return base;
  }

  /** The index of the wanted field for the key just read, or -1. */
  private slotOfKey(): number {
    const { bytes, kind, tokenStart, tokenEnd } = this.scanner;
    if (kind !== Kind.plain && kind !== Kind.escaped) return -1;
    const name =
      kind === Kind.plain
        ? bytes.subarray(tokenStart, tokenEnd)
        : Buffer.from(decodeToken(this.scanner, tokenStart, tokenEnd));
    return this.fields.findIndex((field) => field.equals(name));
  }
}

/** The number of entries, or why the literal could not be read. */
export type EntriesResult =
  | { readonly ok: true; readonly count: number }
  | ({ readonly ok: false } & MalformedLiteral);

/** Receives one entry: its ordinal (from 1, as `WITH ORDINALITY` counts) and its fields in the requested order. */
export type EmitEntry = (ordinal: number, values: (string | null)[]) => void;

/**
 * Emits the wanted `fields` of each entry of a nested column as text: None and a missing field are null, True is `true`, numbers
 * are written as in the source, lists and dicts are JSON. `emit` is called only after the whole text has been read without an
 * error. For many literals use `EntryReader` or `EntryExpander`.
 */
export function readEntries(text: string, fields: readonly string[], emit: EmitEntry): EntriesResult {
  const reader = new EntryReader(fields);
  const count = malformedOr(() => {
    const bytes = literalBytes(text);
    return reader.read(bytes, 0, bytes.length - 1);
  });
  if (count instanceof Malformed) return { ok: false, position: count.position, message: count.message };
  for (let index = 0; index < count; index++) {
    emit(
      index + 1,
      fields.map((_, slot) => reader.text(index, slot)),
    );
  }
  return { ok: true, count };
}
