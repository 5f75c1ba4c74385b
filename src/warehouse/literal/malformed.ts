/** Why a literal could not be read, and where. */
export interface MalformedLiteral {
  /**
   * Offset of the first character that cannot be read, from 0, in Unicode code points, as Python's `len` and Postgres's `length`
   * count them; the length of the text when it ends too early.
   */
  readonly position: number;
  /** One sentence: what was found and what was expected. */
  readonly message: string;
}

/** Thrown only inside the reader; its public functions return it as a value. */
export class Malformed extends Error implements MalformedLiteral {
  readonly position: number;

  constructor(position: number, message: string) {
    super(message);
    this.name = 'Malformed';
    this.position = position;
  }
}

/** Runs `read` and returns its result, or the `Malformed` that it threw. Other errors are bugs and are thrown. */
export function malformedOr<T>(read: () => T): T | Malformed {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
}

/** The number of characters in the UTF-8 of `bytes` between `start` and `end`. */
export function countCharacters(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if ((bytes[at]! & 0xc0) !== 0x80) count++;
  return count;
}
