/** What a file is, where it is not CSV text: `gzip` and `zip` can be unpacked, the others cannot be read. */
export type FileKind = 'gzip' | 'zip' | { readonly unreadable: string };

/** Formats by the bytes that their files begin with. */
const signatures: readonly [readonly number[], FileKind][] = [
  [[0x1f, 0x8b], 'gzip'],
  [[0x50, 0x4b, 0x03, 0x04], 'zip'],
  [[0x50, 0x4b, 0x05, 0x06], 'zip'],
  [[0xd0, 0xcf, 0x11, 0xe0], { unreadable: 'an Excel workbook (.xls)' }],
  [[0x42, 0x5a, 0x68, 0x39], { unreadable: 'a bzip2 file' }],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], { unreadable: 'an xz file' }],
  [[0x28, 0xb5, 0x2f, 0xfd], { unreadable: 'a Zstandard file' }],
  [[0x37, 0x7a, 0xbc, 0xaf], { unreadable: 'a 7-Zip archive' }],
  [[0x25, 0x50, 0x44, 0x46, 0x2d], { unreadable: 'a PDF document' }],
  [[0x50, 0x41, 0x52, 0x31], { unreadable: 'a Parquet file' }],
  [[0xff, 0xfe], { unreadable: 'written in UTF-16' }],
  [[0xfe, 0xff], { unreadable: 'written in UTF-16' }],
];

/** Bytes that are enough to recognize a file. */
export const KIND_BYTES = 512;

const ZIP_NAME_OFFSET = 30;

/**
 * Recognizes a file by its first bytes, whatever its name.
 *
 * @param head at least the first `KIND_BYTES`, or the whole file
 * @returns undefined for what may be CSV text
 */
export function kindOf(head: Buffer): FileKind | undefined {
  const found = signatures.find(([bytes]) => head.subarray(0, bytes.length).equals(Buffer.from(bytes)))?.[1];
  if (found === 'zip' && isOfficeFile(head)) return { unreadable: 'an Excel workbook (.xlsx)' };
  if (found !== undefined) return found;
  const start = head.subarray(0, KIND_BYTES);
  const text = start
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (/^<(!doctype\s+html|html)\b/i.test(text)) return { unreadable: 'an HTML page' };
  if (/^version https:\/\/git-lfs\.github\.com\/spec\//.test(text)) {
    return { unreadable: 'a Git LFS pointer instead of the file it points to' };
  }
  return isUtf16(start) ? { unreadable: 'written in UTF-16' } : undefined;
}

/** Office files are zip archives that begin with the parts of their package. */
function isOfficeFile(head: Buffer): boolean {
  const name = head.subarray(ZIP_NAME_OFFSET).toString('latin1');
  return /^(\[Content_Types\]\.xml|_rels\/|docProps\/|xl\/)/.test(name);
}

/** UTF-16 without a byte order mark: in text that is mostly ASCII, every second byte is zero. */
function isUtf16(start: Buffer): boolean {
  const zeros = [0, 0];
  for (const [at, byte] of start.entries()) {
    if (byte === 0) zeros[at % 2]!++;
  }
  const [even, odd] = zeros as [number, number];
  const most = Math.max(even, odd);
  return most >= 4 && most >= start.length * 0.35 && Math.min(even, odd) <= most * 0.1;
}
