/** Why a literal could not be read, and where. */
export interface MalformedLiteral {
  /**
   * Offset of the first character that cannot be read, from 0, in characters as Python's `len` and Postgres's
   * `length` count them (Unicode code points); the text's length when it ends too early.
   */
  readonly position: number;
  /** One sentence: what was found and what was expected. */
  readonly message: string;
}

/** Thrown inside the reader only; its public functions return it as a value. */
export class Malformed extends Error implements MalformedLiteral {
  readonly position: number;

  constructor(position: number, message: string) {
    super(message);
    this.name = 'Malformed';
    this.position = position;
  }
}

/**
 * Runs `read` and gives its result, or the `Malformed` it threw. Anything else it throws goes on:
 * that is our bug or the caller's, not a fault of the text.
 */
export function malformedOr<T>(read: () => T): T | Malformed {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
}

/** How many characters the UTF-8 in `bytes` between `start` and `end` stands for. */
export function countCharacters(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if ((bytes[at]! & 0xc0) !== 0x80) count++;
  return count;
}
