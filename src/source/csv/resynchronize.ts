import { CARRIAGE_RETURN, COMMA, LINE_FEED, QUOTE } from './csv-bytes.js';

/** This many consecutive good records prove that the reader has found record boundaries again. */
const CONVINCING_RUN = 20;

const UNCLEAN = -1;
const UNFINISHED = -2;

/**
 * Finds where good records begin again inside a region whose quoting is damaged.
 *
 * A quote that is never closed swallows the records after it, until a later quote closes it by accident, a limit is reached or
 * the file ends. This function searches the region for the first line from which everything reads as strictly quoted records
 * with the right number of fields, up to the end of the region or for {@link CONVINCING_RUN} records. Line breaks inside an
 * irregularly quoted field are not mistaken for it: the line with the closing quote is not a good record.
 *
 * @param bytes the window that contains the whole region
 * @param from  where the damaged record starts
 * @param to    where the region ends
 * @param columnCount fields of a good record; below 2 any text would fit, so nothing is searched
 * @param endsFile whether the file ends with the region, so that a last line without line end is complete
 * @returns the offset of the first good record, or -1 if the region contains none
 */
export function resynchronize(
  bytes: Buffer,
  from: number,
  to: number,
  columnCount: number,
  endsFile: boolean,
): number {
  if (columnCount < 2) {
    return -1;
  }
  const hopeless = new Set<number>();
  let lineStart = bytes.indexOf(LINE_FEED, from) + 1;
  while (lineStart > 0 && lineStart < to) {
    if (beginsGoodRecords(bytes, lineStart, to, columnCount, endsFile, hopeless)) {
      return lineStart;
    }
    lineStart = bytes.indexOf(LINE_FEED, lineStart) + 1;
  }
  return -1;
}

function beginsGoodRecords(
  bytes: Buffer,
  from: number,
  to: number,
  columnCount: number,
  endsFile: boolean,
  hopeless: Set<number>,
): boolean {
  const starts: number[] = [];
  let at = from;
  while (at < to && starts.length < CONVINCING_RUN) {
    const blank =
      bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === LINE_FEED ? 2 : bytes[at] === LINE_FEED ? 1 : 0;
    if (blank > 0 && starts.length > 0) {
      at += blank;
      continue;
    }
    const next = hopeless.has(at) ? UNCLEAN : endOfStrictRecord(bytes, at, to, columnCount, endsFile);
    if (next === UNFINISHED) {
      break;
    }
    if (next === UNCLEAN) {
      // A later search that reaches one of these starts fails in the same way.
      for (const start of starts) {
        hopeless.add(start);
      }
      hopeless.add(at);
      return false;
    }
    starts.push(at);
    at = next;
  }
  return starts.length > 0;
}

/** Where the strictly quoted record at `from` ends, after its line end; or UNCLEAN, or UNFINISHED. */
function endOfStrictRecord(
  bytes: Buffer,
  from: number,
  to: number,
  columnCount: number,
  endsFile: boolean,
): number {
  let at = from;
  let fields = 1;
  while (at < to) {
    if (bytes[at] === QUOTE) {
      at = endOfQuotedField(bytes, at, to);
      if (at < 0) {
        return UNFINISHED;
      }
    } else {
      while (at < to && !endsPlainField(bytes[at]!)) {
        at++;
      }
    }
    if (at >= to) {
      break;
    }
    const byte = bytes[at++];
    if (byte === COMMA) {
      fields++;
    } else if (byte === LINE_FEED) {
      return fields === columnCount ? at : UNCLEAN;
    } else if (byte === CARRIAGE_RETURN && at < to && bytes[at] === LINE_FEED) {
      return fields === columnCount ? at + 1 : UNCLEAN;
    } else {
      return UNCLEAN;
    }
  }
  if (!endsFile) {
    return UNFINISHED;
  }
  return fields === columnCount ? to : UNCLEAN;
}

function endsPlainField(byte: number): boolean {
  return byte === COMMA || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === QUOTE;
}

/** The offset after the closing quote of the field that opens at `from`, or -1 when it does not close. */
function endOfQuotedField(bytes: Buffer, from: number, to: number): number {
  let at = bytes.indexOf(QUOTE, from + 1);
  while (at >= 0 && at < to && bytes[at + 1] === QUOTE && at + 1 < to) {
    at = bytes.indexOf(QUOTE, at + 2);
  }
  return at < 0 || at >= to ? -1 : at + 1;
}
