import { type Readable, Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { Fault, messageOf } from '../fault.js';

/**
 * The names of the files in an archive, folders and hidden files left out.
 *
 * @throws Fault file_damaged when it is no readable archive
 */
export async function listZipEntries(path: string): Promise<string[]> {
  const names: string[] = [];
  await withZip(path, async (zip) => {
    for await (const entry of zip.eachEntry()) {
      const isFolder = entry.fileName.endsWith('/');
      const isHidden = /(^|\/)(\.|__MACOSX\/)/.test(entry.fileName);
      if (!isFolder && !isHidden) {
        names.push(entry.fileName);
      }
    }
  });
  return names;
}

/** Opens the uncompressed bytes of one file of an archive and hands them on, with what fails when they are not those packed. */
export async function readZipEntry(
  path: string,
  name: string,
  use: (content: [Readable, Transform]) => Promise<void>,
): Promise<void> {
  await withZip(path, async (zip) => {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName === name) {
        await use([await zip.openReadStreamPromise(entry), checksumWatch(entry.crc32)]);
        return;
      }
    }
    throw new Fault('file_damaged', `${path} no longer holds ${name}; deliver the archive again.`);
  });
}

/** The archive's reader leaves the checksum of a file alone; a stored one with other bytes would go unnoticed. */
function checksumWatch(expected: number): Transform {
  let sum = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
    flush(done) {
      done(sum === expected ? null : new Error('its bytes do not have the checksum the archive tells'));
    },
  });
}

async function withZip(path: string, work: (zip: yauzl.ZipFile) => Promise<void>): Promise<void> {
  let zip: yauzl.ZipFile;
  try {
    zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    const why = messageOf(error);
    throw new Fault('file_damaged', `${path} cannot be read as a zip archive (${why}); deliver it again.`, {
      cause: error,
    });
  }
  try {
    await work(zip);
  } finally {
    zip.close();
  }
}
