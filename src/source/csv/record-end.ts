import { CARRIAGE_RETURN, COMMA, LINE_FEED, QUOTE } from './csv-bytes.js';

/** What {@link findRecordEnd} found; one is reused for all records, since there are millions. */
export interface RecordEnd {
  /** Where the record ends, before its line end; -1 when it does not end in the window. */
  end: number;
  /** Where the next one starts, behind the line end. */
  next: number;
  /** Line ends inside quoted fields. */
  innerLines: number;
  /** A quote stands where COPY reads otherwise than Python. */
  loose: boolean;
  /** Text follows the closing quote of a field that spans lines: as likely two damaged records as one odd one. */
  doubtful: boolean;
  /** The bytes ran out inside a quoted field. */
  inQuotes: boolean;
  /** The record ends with a carriage return alone. */
  loneReturn: boolean;
}

/** A `RecordEnd` to be filled. */
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

/** Bytes from here on, but the quote, mean nothing where a record ends. */
const FIRST_ORDINARY = 0x0e;

/** The bytes of a window seen four at a time, for whoever searches it. */
export function wordsOf(bytes: Buffer): Int32Array {
  return new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
}

/**
 * The first byte in `[from, to)` that is a quote or may end a line; `to` when there is none. Four bytes are looked at
 * together: quoted prose is read three times as fast as byte by byte.
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
 * a field only at the field's start, a doubled quote is one, text behind a closing quote is taken as it comes, and LF,
 * CRLF or a lone CR outside quotes end the record.
 *
 * @param words the same bytes as `wordsOf` gives them
 * @param final whether no byte follows the window's end `to`
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

/** From behind an opening quote to behind the closing one. Sets `inQuotes` when it is not in the window. */
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
        found.inQuotes = !final; // the byte to come decides whether this one closes
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
