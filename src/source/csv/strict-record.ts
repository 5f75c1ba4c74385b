import { COMMA, QUOTE } from './csv-bytes.js';

const DOUBLED_QUOTE = Buffer.from('""');

/**
 * Rewrites a loosely quoted record so that every reader understands it: the fields as Python's `csv.reader` reads them, each
 * quoted. Quotes inside an unquoted field belong to it; text after a closing quote continues the field. An empty unquoted
 * field stays unquoted, since it stands for a missing value.
 *
 * @param raw the record's bytes without line end
 */
export function toStrictRecord(raw: Buffer): Buffer {
  const written: Buffer[] = [];
  let at = 0;
  for (;;) {
    at = rewriteField(raw, at, written);
    if (at >= raw.length) {
      return Buffer.concat(written);
    }
    written.push(raw.subarray(at, at + 1)); // the comma
    at++;
    if (at === raw.length) {
      return Buffer.concat(written);
    }
  }
}

/** Appends the field at `from` to `written`; returns the offset of the comma after it, or the record's length. */
function rewriteField(raw: Buffer, from: number, written: Buffer[]): number {
  if (raw[from] !== QUOTE) {
    const end = endOfPlain(raw, from);
    writeQuoted(raw.subarray(from, end), written);
    return end;
  }
  const pieces: Buffer[] = [];
  let at = from + 1;
  for (;;) {
    const quote = raw.indexOf(QUOTE, at);
    if (quote < 0) {
      pieces.push(raw.subarray(at));
      at = raw.length;
      break;
    }
    if (raw[quote + 1] === QUOTE) {
      pieces.push(raw.subarray(at, quote + 1));
      at = quote + 2;
      continue;
    }
    const end = endOfPlain(raw, quote + 1);
    pieces.push(raw.subarray(at, quote), raw.subarray(quote + 1, end));
    at = end;
    break;
  }
  writeQuoted(Buffer.concat(pieces), written, true);
  return at;
}

function endOfPlain(raw: Buffer, from: number): number {
  const comma = raw.indexOf(COMMA, from);
  return comma < 0 ? raw.length : comma;
}

function writeQuoted(value: Buffer, written: Buffer[], evenIfEmpty = false): void {
  if (value.length === 0 && !evenIfEmpty) {
    return;
  }
  const quote = DOUBLED_QUOTE.subarray(0, 1);
  written.push(quote);
  let at = 0;
  for (let next = value.indexOf(QUOTE); next >= 0; next = value.indexOf(QUOTE, at)) {
    written.push(value.subarray(at, next), DOUBLED_QUOTE);
    at = next + 1;
  }
  written.push(value.subarray(at), quote);
}
