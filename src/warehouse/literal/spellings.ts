import {
  CLOSE_DICT,
  CLOSE_LIST,
  CLOSE_TUPLE,
  COLON,
  COMMA,
  isBracket,
  isLetter,
  LiteralWalker,
  OPEN_DICT,
  OPEN_LIST,
  OPEN_TUPLE,
  SPACE,
  UNDERSCORE,
  Uncertain,
} from './walker.js';

/** Numpy's types, which it writes around a value: np.int64(16). */
const NUMPY_TYPE = /^(np|numpy)\.(u?int(8|16|32|64)|float(16|32|64)|str_|bool_?)$/;
/** Numpy's names of values. */
const NUMPY_NAME = /^(np|numpy)\.(nan|NaN|inf|Infinity|True_|False_)$/;
const ARRAY = /^((np|numpy)\.)?array$/;
const ORDERED_DICT = /^(collections\.)?OrderedDict$/;
/** A literal whose structure is certain, although some of its values may not be readable. */
export interface RespelledLiteral {
  /** The literal, followed by a control character. It has as many bytes as before, so that positions stay the same. */
  readonly bytes: Buffer;
  /** Whether anything was written in another way. */
  readonly changed: boolean;
}

/**
 * Writes what tools other than `repr` and JSON write in the way of `repr`: values in numpy's types, `OrderedDict([...])`, and arrays
 * of numpy, which have no commas between dicts. Null when the structure is not certain.
 */
export function respell(bytes: Uint8Array, start: number, end: number): RespelledLiteral | null {
  const copy = Buffer.alloc(end - start + 1);
  copy.set(bytes.subarray(start, end));
  const walker = new Respeller(copy);
  try {
    walker.value();
    walker.close();
  } catch (error) {
    if (error instanceof Uncertain) return null;
    throw error;
  }
  return { bytes: copy, changed: walker.changed };
}

/** Where the value that begins at `at` ends, in a literal that `respell` has found certain. */
export function skipValue(bytes: Buffer, at: number): number {
  const walker = new LiteralWalker(bytes);
  walker.at = at;
  walker.value();
  return walker.at;
}

/** Walks over a literal and replaces bytes in place. */
class Respeller extends LiteralWalker {
  changed = false;

  /** The items of a list, or those of an array of numpy, which are dicts with white space between them. */
  protected override list(): void {
    let commas = 0;
    let gaps = 0;
    let wasDict = false;
    let isFirst = true;
    let end = this.at;
    for (let byte = this.peek(); byte !== CLOSE_LIST; byte = this.peek()) {
      let hasGap = false;
      if (!isFirst) {
        if (byte === COMMA) {
          commas++;
          this.at++;
          if (this.peek() === CLOSE_LIST) break;
        } else if (wasDict && this.at > end) {
          hasGap = true;
          gaps++;
          this.write(end, COMMA);
        } else throw new Uncertain();
      }
      wasDict = this.value();
      if ((hasGap && !wasDict) || (commas > 0 && gaps > 0)) throw new Uncertain();
      isFirst = false;
      end = this.at;
    }
    this.at++;
  }

  protected override named(name: string, begin: number): void {
    if (!NUMPY_NAME.test(name)) return;
    this.blank(begin, begin + name.indexOf('.') + 1);
    if (this.bytes[this.at - 1] === UNDERSCORE) this.blank(this.at - 1, this.at);
  }

  protected override called(name: string, begin: number): boolean {
    if (NUMPY_TYPE.test(name)) return this.numpyValue(begin);
    if (ORDERED_DICT.test(name)) return this.orderedDict(begin);
    if (ARRAY.test(name)) return this.array(begin);
    return super.called(name, begin);
  }

  /** np.int64(16): the value in the parentheses. Numpy writes no list or dict there. */
  private numpyValue(begin: number): boolean {
    const inner = this.at;
    const byte = this.peek();
    if (isBracket(byte)) throw new Uncertain();
    if (isLetter(byte)) this.readName();
    else this.value();
    this.skip(CLOSE_TUPLE);
    this.blank(begin, inner);
    this.blank(this.at - 1, this.at);
    return false;
  }

  /** OrderedDict([('id', 16)]) or, since Python 3.12, OrderedDict({'id': 16}): a dict. */
  private orderedDict(begin: number): boolean {
    const byte = this.peek();
    const inner = this.at;
    if (byte === CLOSE_TUPLE) {
      this.at++;
      this.blank(begin, this.at);
      this.write(begin, OPEN_DICT);
      this.write(begin + 1, CLOSE_DICT);
      return true;
    }
    if (byte === OPEN_DICT) this.value();
    else if (byte === OPEN_LIST) {
      this.write(this.at++, OPEN_DICT);
      this.items(CLOSE_LIST, () => this.pair());
      this.write(this.at - 1, CLOSE_DICT);
    } else throw new Uncertain();
    this.skip(CLOSE_TUPLE);
    this.blank(begin, inner);
    this.blank(this.at - 1, this.at);
    return true;
  }

  /** ('id', 16) as 'id': 16. */
  private pair(): void {
    this.skip(OPEN_TUPLE);
    this.blank(this.at - 1, this.at);
    this.value();
    this.skip(COMMA);
    this.write(this.at - 1, COLON);
    this.value();
    this.skip(CLOSE_TUPLE);
    this.blank(this.at - 1, this.at);
  }

  /** array([...], dtype=object): the list. */
  private array(begin: number): boolean {
    if (this.peek() !== OPEN_LIST) throw new Uncertain();
    const inner = this.at;
    this.value();
    const end = this.at;
    if (this.peek() === COMMA) {
      this.at++;
      this.argument();
    }
    this.skip(CLOSE_TUPLE);
    this.blank(begin, inner);
    this.blank(end, this.at);
    return false;
  }

  private blank(from: number, to: number): void {
    this.bytes.fill(SPACE, from, to);
    this.changed = true;
  }

  private write(at: number, byte: number): void {
    this.bytes[at] = byte;
    this.changed = true;
  }
}
