import { isUtf8 } from 'node:buffer';

/**
 * How the bytes of a reject are stored as text. `text`: they are UTF-8. `windows-1252`: they are not UTF-8 and look like text of
 * that encoding (of which Latin-1 text is a part); stored decoded, so that users can read them. `base64`: anything else.
 */
export type RawEncoding = 'text' | 'windows-1252' | 'base64';

/** The bytes of a record as text that Postgres can store. */
export function encodeRaw(bytes: Buffer): { raw: string; rawEncoding: RawEncoding } {
  if (bytes.includes(0)) return { raw: bytes.toString('base64'), rawEncoding: 'base64' };
  if (isUtf8(bytes)) return { raw: bytes.toString('utf8'), rawEncoding: 'text' };
  return looksLikeWindows1252(bytes)
    ? { raw: decodeWindows1252(bytes), rawEncoding: 'windows-1252' }
    : { raw: bytes.toString('base64'), rawEncoding: 'base64' };
}

/** The bytes that `encodeRaw` stored. */
export function decodeRaw(raw: string, rawEncoding: RawEncoding): Buffer {
  if (rawEncoding === 'windows-1252') return encodeWindows1252(raw);
  return Buffer.from(raw, rawEncoding === 'base64' ? 'base64' : 'utf8');
}

/** What Windows-1252 has in place of the control characters 0x80 to 0x9f of Latin-1; a space where it defines nothing. */
const UPPER = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

/**
 * Whether bytes that are not UTF-8 are likely Windows-1252 or Latin-1 text. They are not when a byte means nothing there or is a
 * control character, or when two bytes form a character of UTF-8: then the text is damaged UTF-8.
 */
export function looksLikeWindows1252(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    const following = bytes[at + 1] ?? 0;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false;
    if (byte >= 0x80 && byte < 0xa0 && UPPER[byte - 0x80] === ' ') return false;
    if (byte >= 0xc2 && byte < 0xf5 && following >= 0x80 && following < 0xc0) return false;
  }
  return true;
}

/** The text of bytes that `looksLikeWindows1252` accepts. */
export function decodeWindows1252(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (character) => UPPER[character.charCodeAt(0) - 0x80]!);
}

function encodeWindows1252(text: string): Buffer {
  const latin1 = [...text].map((character) => {
    const at = character === ' ' ? -1 : UPPER.indexOf(character);
    return at < 0 ? character : String.fromCharCode(0x80 + at);
  });
  return Buffer.from(latin1.join(''), 'latin1');
}
