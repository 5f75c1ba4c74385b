import { Malformed } from './malformed.js';
import { Kind, type LiteralScanner } from './scanner.js';

/** Refuses a lone surrogate, with its position: it is not a character, and encoding would replace it. */
export function requireCharacters(text: string): void {
  // Available in Node 20 and in TypeScript's library from ES2024. Cheaper than a search, which is needed only for a refusal.
  if ((text as string & { isWellFormed(): boolean }).isWellFormed()) return;
  const position = Array.from(text.slice(0, text.search(/\p{Surrogate}/u))).length;
  throw new Malformed(position, 'Found half of a surrogate pair, expected a whole character.');
}

/**
 * The UTF-8 of `text`, followed by the control character at which the scanner stops.
 * @throws Malformed for a lone surrogate, which has no UTF-8
 */
export function literalBytes(text: string): Buffer {
  const size = Buffer.byteLength(text);
  if (size !== text.length) requireCharacters(text);
  const bytes = Buffer.allocUnsafe(size + 1);
  bytes.write(text);
  bytes[size] = 0;
  return bytes;
}

/** The text of the string between `start` and `end` of the scanner's bytes. */
export function decodeToken(scanner: LiteralScanner, start: number, end: number): string {
  const bytes = scanner.bytes as Buffer;
  return unescapeToken(scanner, start, end, (from, to) => bytes.toString('utf8', from, to));
}

/** The same, where `plain` returns the text of a range without escapes. */
export function unescapeToken(
  scanner: LiteralScanner,
  start: number,
  end: number,
  plain: (from: number, to: number) => string,
): string {
  const bytes = scanner.bytes;
  const quote = bytes[start - 1]!;
  let text = '';
  let plainFrom = start;
  let at = start;
  while (at < end) {
    if (bytes[at] !== 0x5c) {
      at++;
      continue;
    }
    text += plain(plainFrom, at);
    at = scanner.escape(at, quote);
    text += String.fromCodePoint(scanner.escapedCode);
    plainFrom = at;
  }
  return text + plain(plainFrom, end);
}

/**
 * A scalar or a nested value as text for the warehouse: None is null, True and False are `true` and `false`, a number is written
 * as in the source, a list or dict is JSON.
 */
export function textOf(scanner: LiteralScanner, kind: number, start: number, end: number): string | null {
  switch (kind) {
    case Kind.null:
      return null;
    case Kind.true:
      return 'true';
    case Kind.false:
      return 'false';
    case Kind.escaped:
      return decodeToken(scanner, start, end);
    case Kind.nested:
      return jsonText(scanner, start);
    default:
      return (scanner.bytes as Buffer).toString('utf8', start, end);
  }
}

/**
 * The checked value that begins at `start` as JSON. It is written from the tokens, not from a parsed value, so that numbers keep
 * the digits of the source. Keys that are not strings are written as Python's `json.dumps` writes them.
 */
function jsonText(scanner: LiteralScanner, start: number): string {
  const { at, depth } = scanner;
  scanner.at = start;
  scanner.depth = 0;
  const text = jsonValue(scanner);
  scanner.at = at;
  scanner.depth = depth;
  return text;
}

function jsonValue(scanner: LiteralScanner): string {
  const byte = scanner.peek();
  if (scanner.scalar(byte)) {
    const quoted = scanner.kind === Kind.plain || scanner.kind === Kind.escaped;
    const text = textOf(scanner, scanner.kind, scanner.tokenStart, scanner.tokenEnd);
    return quoted ? JSON.stringify(text) : (text ?? 'null');
  }
  const close = scanner.enter(byte);
  const isDict = close === 0x7d;
  const items: string[] = [];
  let more = scanner.first(close);
  while (more) {
    let item = '';
    if (isDict) {
      scanner.key();
      const key = textOf(scanner, scanner.kind, scanner.tokenStart, scanner.tokenEnd);
      item = `${JSON.stringify(key ?? 'null')}:`;
    }
    more = scanner.next(close, items.push(item + jsonValue(scanner)));
  }
  return isDict ? `{${items.join(',')}}` : `[${items.join(',')}]`;
}
