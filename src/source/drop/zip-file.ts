import { type Readable, Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { Fault, messageOf } from '../../fault.js';

/**
 * The names of the files in an archive, without folders and hidden files.
 *
 * @throws Fault file_damaged when the archive cannot be read
 */
export async function listZipEntries(path: string): Promise<string[]> {
  const names = new Set<string>();
  await withZip(path, async (zip) => {
    for await (const { fileName } of entriesOf(zip, path)) {
      const isFolder = fileName.endsWith('/');
      const isHidden = /(^|\/)(\.|__MACOSX\/)/.test(fileName);
      if (names.has(fileName)) {
        throw new Fault(
          'file_damaged',
          `${path} contains two files named ${fileName}, so it is unclear which one to use. Deliver an archive that contains it once.`,
        );
      }
      if (!isFolder && !isHidden) {
        names.add(fileName);
      }
    }
  });
  return [...names];
}

/** Reads the directory of an archive entry by entry; damage can show at any of them. */
async function* entriesOf(zip: yauzl.ZipFile, path: string): AsyncGenerator<yauzl.Entry> {
  try {
    yield* zip.eachEntry();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Fault {
  const why = messageOf(error);
  return new Fault('file_damaged', `${path} cannot be read as a zip archive (${why}). Deliver it again.`, {
    cause: error,
  });
}

/**
 * Opens the uncompressed bytes of one file of an archive, with a stream that fails when their checksum is wrong.
 *
 * @throws Fault file_damaged as for `listZipEntries`, file_unreadable when it is encrypted or packed by an unknown method
 */
export async function readZipEntry(
  path: string,
  name: string,
  use: (content: [Readable, Transform]) => Promise<void>,
): Promise<void> {
  await withZip(path, async (zip) => {
    for await (const entry of entriesOf(zip, path)) {
      if (entry.fileName === name) {
        requireKnownPacking(entry, path);
        await use([await zip.openReadStreamPromise(entry), checksumWatch(entry.crc32)]);
        return;
      }
    }
    throw new Fault('file_damaged', `${path} no longer contains ${name}. Deliver the archive again.`);
  });
}

/** The uncompressed size of one file of an archive, as its directory states it; undefined when it does not contain the file. */
export async function zipEntrySize(path: string, name: string): Promise<number | undefined> {
  let size: number | undefined;
  await withZip(path, async (zip) => {
    for await (const entry of entriesOf(zip, path)) {
      if (entry.fileName === name) size = entry.uncompressedSize;
    }
  });
  return size;
}

/** Such a file is intact, so delivering it again in the same way would not help. */
function requireKnownPacking(entry: yauzl.Entry, path: string): void {
  if (!entry.canDecodeFileData()) {
    const [found, expected] = entry.isEncrypted()
      ? ['is encrypted', 'without a password']
      : [`is compressed with method ${entry.compressionMethod}`, 'deflated, as .gz or uncompressed'];
    throw new Fault('file_unreadable', `${entry.fileName} in ${path} ${found}. Deliver it ${expected}.`);
  }
}

/** The zip library does not check the checksum, so a changed file that is stored without compression would go unnoticed. */
function checksumWatch(expected: number): Transform {
  let sum = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
    flush(done) {
      done(sum === expected ? null : new Error('its bytes do not have the checksum in the archive'));
    },
  });
}

async function withZip(path: string, work: (zip: yauzl.ZipFile) => Promise<void>): Promise<void> {
  let zip: yauzl.ZipFile;
  try {
    zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    await work(zip);
  } finally {
    zip.close();
  }
}
