import { Kind, type LiteralScanner } from './scanner.js';
import { textOf } from './text.js';

/**
 * The text format of Postgres's COPY: tabs between fields, a line feed after each record, `\N` for null, and a backslash before
 * characters that would be read as one of these. See "File Formats" of COPY in the Postgres manual.
 */
export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const BACKSLASH = 0x5c;
const NULL_LETTER = 0x4e;

/** For fewer bytes a loop is faster than `Buffer.copy` (measured on Node 20: about 60). */
const SHORT = 64;

const ESCAPED_BY_LETTER: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08], // b
  [0x66, 0x0c], // f
  [0x6e, 0x0a], // n
  [0x72, 0x0d], // r
  [0x74, 0x09], // t
  [0x76, 0x0b], // v
]);

/** Whether the field between `start` and `end` is null. */
export function isNullField(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 2 && bytes[start] === BACKSLASH && bytes[start + 1] === NULL_LETTER;
}

/**
 * Writes the field between `start` and `end` of `from`, without its escapes, to the beginning of `to`, which must be at least as
 * long. It knows the escapes that COPY TO writes; after any other backslash the character is taken as it is.
 * @returns the length of the unescaped field
 */
export function unescapeField(from: Buffer, start: number, end: number, to: Buffer): number {
  const field = from.subarray(start, end);
  let at = 0;
  let length = 0;
  for (;;) {
    const found = field.indexOf(BACKSLASH, at);
    const stop = found < 0 || found === field.length - 1 ? field.length : found;
    length += field.copy(to, length, at, stop);
    if (stop === field.length) return length;
    const letter = field[stop + 1]!;
    to[length++] = ESCAPED_BY_LETTER.get(letter) ?? letter;
    at = stop + 2;
  }
}

/** Gathers records in COPY's text format in one growing buffer. */
export class CopyTextBuffer {
  length = 0;
  private bytes = Buffer.allocUnsafeSlow(64 * 1024);

  /** Returns the gathered bytes and starts again with none. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.length));
    this.length = 0;
    return taken;
  }

  byte(byte: number): void {
    this.reserve(1);
    this.bytes[this.length++] = byte;
  }

  /** Appends bytes that need no escape. */
  raw(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    const to = this.bytes;
    let length = this.length;
    if (end - start < SHORT) {
      for (let at = start; at < end; at++) to[length++] = from[at]!;
    } else {
      length += (from as Buffer).copy(to, length, start, end);
    }
    this.length = length;
  }

  /** Appends a whole number of at most nine digits. */
  integer(value: number): void {
    this.reserve(10);
    let size = 1;
    for (let bound = 10; bound <= value; bound *= 10) size++;
    let rest = value;
    for (let at = this.length + size - 1; at >= this.length; at--) {
      const tenth = (rest / 10) | 0;
      this.bytes[at] = 0x30 + rest - tenth * 10;
      rest = tenth;
    }
    this.length += size;
  }

  /** Appends a value that the scanner has checked, as text, or `\N` for None. */
  value(scanner: LiteralScanner, kind: number, start: number, end: number): void {
    if (kind === Kind.plain || kind === Kind.number) {
      this.raw(scanner.bytes, start, end);
    } else if (kind === Kind.null) {
      this.reserve(2);
      this.bytes[this.length++] = BACKSLASH;
      this.bytes[this.length++] = NULL_LETTER;
    } else {
      this.text(textOf(scanner, kind, start, end) ?? '');
    }
  }

  private text(text: string): void {
    const escaped = Buffer.from(text.replace(/[\\\b\f\n\r\t\v]/g, escapeOf));
    this.raw(escaped, 0, escaped.length);
  }

  private reserve(size: number): void {
    const needed = this.length + size;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, needed));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

function escapeOf(character: string): string {
  switch (character) {
    case '\b':
      return '\\b';
    case '\f':
      return '\\f';
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    case '\v':
      return '\\v';
    default:
      return '\\\\';
  }
}
