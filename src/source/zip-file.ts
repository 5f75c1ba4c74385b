import type { Readable } from 'node:stream';
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

/** Opens the uncompressed bytes of one file of an archive and hands them on. */
export async function readZipEntry(
  path: string,
  name: string,
  use: (content: Readable) => Promise<void>,
): Promise<void> {
  await withZip(path, async (zip) => {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName === name) {
        await use(await zip.openReadStreamPromise(entry));
        return;
      }
    }
    throw new Fault('file_damaged', `${path} no longer holds ${name}; deliver the archive again.`);
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
