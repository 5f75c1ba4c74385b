import { CARRIAGE_RETURN, COMMA, LINE_FEED, QUOTE } from './csv-bytes.js';

/** Result of {@link findRecordEnd}. One object is reused for all records, since there are millions. */
export interface RecordEnd {
  /** Where the record ends, before its line end; -1 when it does not end in the window. */
  end: number;
  /** Where the next record starts, after the line end. */
  next: number;
  /** Line ends inside quoted fields. */
  innerLines: number;
  /** A quote is at a place where COPY and Python read differently. */
  loose: boolean;
  /** Text follows the closing quote of a field that spans lines: either two damaged records or one irregular one. */
  doubtful: boolean;
  /** The window ends inside a quoted field. */
  inQuotes: boolean;
  /** The record ends with a single carriage return. */
  loneReturn: boolean;
}

/** An empty `RecordEnd`. */
export function newRecordEnd(): RecordEnd {
  return {
    end: -1,
    next: -1,
    innerLines: 0,
    loose: false,
    doubtful: false,
    inQuotes: false,
    loneReturn: false,
  };
}

/** From this byte on, only the quote matters for finding the end of a record. */
const FIRST_ORDINARY = 0x0e;

/** The bytes of a window as words of four, for fast searches. */
export function wordsOf(bytes: Buffer): Int32Array {
  return new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
}

/**
 * The first byte in `[from, to)` that is a quote or may end a line; `to` if no byte is. It tests four bytes at a time: three
 * times as fast on quoted prose as byte by byte.
 */
function passOrdinary(bytes: Buffer, words: Int32Array, from: number, to: number): number {
  const base = bytes.byteOffset;
  const lastWord = (base + to) >> 2;
  let at = from;
  while (at < to) {
    if (((base + at) & 3) === 0) {
      let word = (base + at) >> 2;
      while (word < lastWord && !mayMean(words[word]!)) {
        word++;
      }
      at = (word << 2) - base;
      if (at >= to) {
        return to;
      }
    }
    const byte = bytes[at]!;
    if (byte === QUOTE || byte < FIRST_ORDINARY) {
      return at;
    }
    at++;
  }
  return to;
}

/** Whether one of four bytes is a quote or below `FIRST_ORDINARY`. */
function mayMean(word: number): boolean {
  const quotes = word ^ 0x22222222;
  return ((((word - 0x0e0e0e0e) & ~word) | ((quotes - 0x01010101) & ~quotes)) & 0x80808080) !== 0;
}

/**
 * Finds the end of the record that starts at `from`, by the rules of Python's `csv.reader` with its defaults: a quote opens
 * a field only at the start of the field, a doubled quote is one quote, text after a closing quote belongs to the field, and LF,
 * CRLF or a single CR outside quotes end the record.
 *
 * @param words the same bytes, from `wordsOf`
 * @param final whether the file ends at `to`
 */
export function findRecordEnd(
  bytes: Buffer,
  words: Int32Array,
  from: number,
  to: number,
  final: boolean,
  found: RecordEnd,
): void {
  found.end = -1;
  found.innerLines = 0;
  found.loose = false;
  found.doubtful = false;
  found.inQuotes = false;
  found.loneReturn = false;
  let at = from;
  for (;;) {
    at = passOrdinary(bytes, words, at, to);
    if (at === to) {
      return;
    }
    const byte = bytes[at++]!;
    if (byte === LINE_FEED) {
      found.end = at - 1;
      found.next = at;
      return;
    }
    if (byte === QUOTE) {
      if (at - 1 === from || bytes[at - 2] === COMMA) {
        at = passQuotedField(bytes, words, at, to, final, found);
        if (found.inQuotes) {
          return;
        }
      } else {
        found.loose = true;
      }
    } else if (byte === CARRIAGE_RETURN) {
      if (at >= to && !final) {
        return; // a line feed may follow
      }
      found.loneReturn = at >= to || bytes[at] !== LINE_FEED;
      found.end = at - 1;
      found.next = found.loneReturn ? at : at + 1;
      return;
    }
  }
}

/** From after an opening quote to after the closing one. Sets `inQuotes` when the window does not contain it. */
function passQuotedField(
  bytes: Buffer,
  words: Int32Array,
  from: number,
  to: number,
  final: boolean,
  found: RecordEnd,
): number {
  let at = from;
  for (;;) {
    at = passOrdinary(bytes, words, at, to);
    if (at === to) {
      break;
    }
    const byte = bytes[at++]!;
    if (byte === QUOTE) {
      if (at >= to) {
        found.inQuotes = !final; // the next byte decides whether this quote closes the field
        return at;
      }
      const following = bytes[at];
      if (following === QUOTE) {
        at++;
        continue;
      }
      if (following !== COMMA && following !== LINE_FEED && following !== CARRIAGE_RETURN) {
        found.loose = true;
        found.doubtful ||= found.innerLines > 0;
      }
      return at;
    }
    if (byte === LINE_FEED || (byte === CARRIAGE_RETURN && bytes[at] !== LINE_FEED)) {
      found.innerLines++;
    }
  }
  found.inQuotes = true;
  return at;
}
