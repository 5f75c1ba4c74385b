/** The bytes with a meaning in CSV. UTF-8 never uses them inside another character. */
export const LINE_FEED = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const SPACE = 0x20;
export const TAB = 0x09;

/** Number of line ends in `bytes[from, to)`: LF, CRLF or a single CR, as Python and editors count them. */
export function countLineEnds(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === LINE_FEED || (byte === CARRIAGE_RETURN && (at + 1 === to || bytes[at + 1] !== LINE_FEED))) {
      count++;
    }
  }
  return count;
}

/** `to` minus the line end (LF, CRLF or CR) before it. */
export function withoutLineEnd(bytes: Buffer, from: number, to: number): number {
  let end = to;
  if (end > from && bytes[end - 1] === LINE_FEED) {
    end--;
  }
  if (end > from && bytes[end - 1] === CARRIAGE_RETURN) {
    end--;
  }
  return end;
}
